using System.Collections.Concurrent;
using CsCheck;
using FastMlx.Engine.Rings;
using Xunit;

namespace FastMlx.Tests.Engine;

public sealed class RingTests
{
    [Fact]
    public void RequestRing_IsLinearizable()
    {
        // Many producers against the sequential model: as many accepted as fit, and all of those are there.
        var write = Gen.Int[0, 9].Operation<ManyWriters>((it, item) => it.Write(item));
        Check.SampleParallel(
            Gen.Const(0).Select(_ => new ManyWriters()),
            write,
            equal: (a, b) => a.Outcome == b.Outcome,
            print: it => it.Outcome,
            iter: 50);
    }

    [Fact]
    public void TokenRing_IsLinearizable_ForOneWriterAndOneReader()
    {
        // Operation 0 writes, 1 reads; each is guarded by its own lock, so that there is one of each at a time.
        var write = Gen.Int[0, 9].Operation<RingAndLocks>((it, token) => it.Write(token));
        var read = Gen.Int[1, 3].Operation<RingAndLocks>((it, count) => it.Read(count));
        Check.SampleParallel(
            Gen.Const(0).Select(_ => new RingAndLocks()),
            write,
            read,
            equal: (a, b) => a.Outcome == b.Outcome,
            print: it => it.Outcome,
            iter: 50);
    }

    [Fact]
    public void TokenRing_SpscModel_WrapsAndFills()
    {
        Gen.Select(Gen.Int[1, 9], Gen.Int[-5, 5].Array[0, 60]).Sample((capacity, moves) =>
        {
            var ring = new TokenRing(capacity);
            var model = new Queue<int>();
            var next = 0;
            var buffer = new int[5];
            foreach (var move in moves)
            {
                for (var i = 0; i < move; i++)
                {
                    Assert.Equal(model.Count < ring.Capacity, ring.TryWrite(next));
                    if (model.Count < ring.Capacity)
                    {
                        model.Enqueue(next);
                    }

                    next++;
                }

                var count = move < 0 ? ring.Read(buffer.AsSpan(0, -move)) : 0;
                Assert.Equal(move < 0 ? Math.Min(-move, model.Count) : 0, count);
                for (var i = 0; i < count; i++)
                {
                    Assert.Equal(model.Dequeue(), buffer[i]);
                }

                Assert.Equal(model.Count, ring.Count);
            }
        });
    }

    [Fact]
    public async Task TokenRing_TwoThreads_LoseAndReorderNothing()
    {
        const int Count = 50_000;
        var ring = new TokenRing(64);
        var writer = Task.Factory.StartNew(
            () =>
            {
                var spin = default(SpinWait);
                for (var i = 0; i < Count;)
                {
                    if (ring.TryWrite(i))
                    {
                        i++;
                    }
                    else
                    {
                        spin.SpinOnce(sleep1Threshold: -1);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        var buffer = new int[50];
        var wait = default(SpinWait);
        for (var expected = 0; expected < Count;)
        {
            var count = ring.Read(buffer);
            for (var i = 0; i < count; i++)
            {
                if (buffer[i] != expected++)
                {
                    Assert.Fail($"{buffer[i]} instead of {expected - 1}");
                }
            }

            if (count == 0)
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }

        await writer;
    }

    [Fact]
    public async Task RequestRing_FourWriters_LoseNothing_AndKeepEachWritersOrder()
    {
        const int Writers = 4;
        const int Each = 5_000;
        var ring = new RequestRing<int[]>(32);
        var tasks = Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(
            () =>
            {
                var spin = default(SpinWait);
                for (var i = 0; i < Each;)
                {
                    if (ring.TryWrite([writer, i]))
                    {
                        i++;
                    }
                    else
                    {
                        spin.SpinOnce(sleep1Threshold: -1);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        var next = new int[Writers];
        var wait = default(SpinWait);
        for (var count = 0; count < Writers * Each;)
        {
            if (!ring.TryRead(out var item))
            {
                wait.SpinOnce(sleep1Threshold: -1);
                continue;
            }

            count++;
            if (item![1] != next[item[0]]++)
            {
                Assert.Fail("an item lost or out of order");
            }
        }

        await Task.WhenAll(tasks);
        Assert.True(ring.IsEmpty);
    }

    [Fact]
    public async Task Parker_NeverLosesAWakeUp()
    {
        // A lost wake-up would leave the sleeper asleep with work in the ring, and the test would time out.
        const int Count = 2_000;
        var ring = new HandOverRing<object>(1);
        using var parker = new Parker();
        var item = new object();
        var writer = Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < Count; i++)
                {
                    var spin = default(SpinWait);
                    while (!ring.TryWrite(item))
                    {
                        spin.SpinOnce(sleep1Threshold: -1);
                    }

                    parker.Wake();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        var reader = Task.Factory.StartNew(
            () =>
            {
                for (var count = 0; count < Count;)
                {
                    if (ring.TryRead(out _))
                    {
                        count++;
                        continue;
                    }

                    parker.Prepare();
                    if (ring.IsEmpty)
                    {
                        parker.Sleep();
                    }
                    else
                    {
                        parker.Abandon();
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.WhenAll(writer, reader).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task TokenWaiter_EveryTokenAndTheEndArrive()
    {
        const int Rounds = 30;
        for (var round = 0; round < Rounds; round++)
        {
            var waiter = new TokenWaiter(8);
            var producer = Task.Run(() =>
            {
                var spin = default(SpinWait);
                for (var i = 0; i < 200;)
                {
                    if (waiter.TryWrite(i))
                    {
                        i++;
                        waiter.Signal();
                    }
                    else
                    {
                        spin.SpinOnce(sleep1Threshold: -1);
                    }
                }

                waiter.End();
                waiter.Signal();
            });
            var expected = 0;
            var buffer = new int[3];
            while (await waiter.WaitAsync(CancellationToken.None))
            {
                var count = waiter.Read(buffer, out _);
                for (var i = 0; i < count; i++)
                {
                    Assert.Equal(expected++, buffer[i]);
                }
            }

            Assert.Equal(200, expected);
            await producer;
        }
    }

    [Fact]
    public async Task TokenWaiter_ACancelledWait_IsOver_AndTheNextOneWorks()
    {
        var waiter = new TokenWaiter(8);
        using var source = new CancellationTokenSource();
        var wait = waiter.WaitAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        var next = waiter.WaitAsync(CancellationToken.None);
        Assert.False(next.IsCompleted);
        waiter.TryWrite(5);
        waiter.Signal();
        Assert.True(await next);
    }

    [Fact]
    public void TokenRing_AllocatesNothingPerToken()
    {
        var waiter = new TokenWaiter(64);
        var buffer = new int[64];
        waiter.TryWrite(1);
        waiter.Read(buffer, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            waiter.TryWrite(i);
            waiter.TryQueue();
            waiter.Signal();
            waiter.Read(buffer, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task StatsCell_AReaderNeverSeesHalfAValue()
    {
        var cell = new StatsCell();
        var isDone = 0;
        var writer = Task.Run(() =>
        {
            for (var i = 1; i < 20_000; i++)
            {
                cell.Write(new FastMlx.Engine.GenerationStats { PromptTokens = i, SampledTokens = i, DecodeMs = i });
            }

            Volatile.Write(ref isDone, 1);
        });
        while (Volatile.Read(ref isDone) == 0)
        {
            var value = cell.Read();
            Assert.True(value.PromptTokens == value.SampledTokens && value.DecodeMs == value.PromptTokens);
        }

        await writer;
    }

    [Fact]
    public void StepGate_ExactlyOneGoesOn()
    {
        Gen.Int[0, 100].Sample(_ =>
        {
            var gate = new StepGate();
            Assert.True(gate.TryEnter(5));
            var results = new bool[2];
            Parallel.Invoke(() => results[0] = gate.TryLeave(), () => results[1] = gate.TryAbandon(5));
            Assert.True(results[0] ^ results[1]);
            Assert.Equal(results[1], gate.IsAbandoned);
            Assert.Equal(results[0], gate.TryEnter(6));
        });
    }

    private sealed class ManyWriters
    {
        private readonly RequestRing<object> _ring = new(4);
        private readonly ConcurrentBag<int> _accepted = [];
        private readonly List<int> _read = [];

        public string Outcome
        {
            get
            {
                while (_ring.TryRead(out var item))
                {
                    _read.Add((int)item!);
                }

                var isWhole = _read.Order().SequenceEqual(_accepted.Order());
                return $"{_accepted.Count} accepted, {(isWhole ? "all there" : "not all there")}";
            }
        }

        public void Write(int item)
        {
            if (_ring.TryWrite(item))
            {
                _accepted.Add(item);
            }
        }
    }

    private sealed class RingAndLocks
    {
        private readonly TokenRing _ring = new(4);
        private readonly Lock _writes = new();
        private readonly Lock _reads = new();
        private readonly List<int> _read = [];
        private int _written;

        public string Outcome
        {
            get
            {
                Read(8);
                return $"{_written}: {string.Join(",", _read)}";
            }
        }

        public void Write(int token)
        {
            lock (_writes)
            {
                _written += _ring.TryWrite(token) ? 1 : 0;
            }
        }

        public void Read(int count)
        {
            lock (_reads)
            {
                var buffer = new int[count];
                _read.AddRange(buffer.Take(_ring.Read(buffer)));
            }
        }
    }
}
