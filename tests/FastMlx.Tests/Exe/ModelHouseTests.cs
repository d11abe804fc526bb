using FastMlx.Composition.Models;
using Xunit;

namespace FastMlx.Tests.Exe;

public sealed class ModelHouseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task FirstRequest_Loads_AndTheNextOnesShareIt()
    {
        var gate = new TaskCompletionSource();
        await using var fake = new FakeHouse([5], 10, _ => gate.Task);
        Task<ModelLease<FakeHouse.FakeModel>> first = fake.RentAsync(0);
        Task<ModelLease<FakeHouse.FakeModel>> second = fake.RentAsync(0);
        Assert.False(first.IsCompleted);
        Assert.Equal(HouseState.Loading, fake.House.Look(0).State);
        Assert.Equal(2, fake.House.Look(0).Waiting);
        gate.SetResult();
        using ModelLease<FakeHouse.FakeModel> a = await first.WaitAsync(Limit);
        using ModelLease<FakeHouse.FakeModel> b = await second.WaitAsync(Limit);
        Assert.Same(a.Model, b.Model);
        Assert.Equal(1, fake.Loads[0]);
        Assert.True(fake.RentAsync(0).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task FullHouse_SendsTheLongestUnusedAway()
    {
        await using var fake = new FakeHouse([4, 4, 4], 8);
        (await fake.RentAsync(0)).Dispose();
        fake.Time.Advance(TimeSpan.FromSeconds(1));
        (await fake.RentAsync(1)).Dispose();
        fake.Time.Advance(TimeSpan.FromSeconds(1));
        (await fake.RentAsync(0)).Dispose();
        (await fake.RentAsync(2).WaitAsync(Limit)).Dispose();
        Assert.Equal(HouseState.Present, fake.House.Look(0).State);
        Assert.Equal(HouseState.Absent, fake.House.Look(1).State);
        Assert.Empty(fake.Faults);
    }

    [Fact]
    public async Task LeasedModel_Stays_AndTheOtherWaitsForItsEnd()
    {
        await using var fake = new FakeHouse([6, 6], 8);
        ModelLease<FakeHouse.FakeModel> answering = await fake.RentAsync(0);
        Task<ModelLease<FakeHouse.FakeModel>> other = fake.RentAsync(1);
        await Task.Yield();
        Assert.Equal(HouseState.Present, fake.House.Look(0).State);
        Assert.Equal(HouseState.Absent, fake.House.Look(1).State);
        answering.Dispose();
        answering.Dispose(); // A second time is nothing.
        using ModelLease<FakeHouse.FakeModel> got = await other.WaitAsync(Limit);
        Assert.Equal(1, got.Model.Number);
        Assert.Equal(0, fake.House.Look(0).Leases);
        Assert.Equal(1, fake.House.Look(0).Evictions);
    }

    [Fact]
    public async Task WaitingLoad_LetsOthersPassForAWhile_ThenGetsItsTurn()
    {
        await using var fake = new FakeHouse([6, 6], 8);
        ModelLease<FakeHouse.FakeModel> answering = await fake.RentAsync(0);
        Task<ModelLease<FakeHouse.FakeModel>> other = fake.RentAsync(1);
        ModelLease<FakeHouse.FakeModel> passing = await fake.RentAsync(0).WaitAsync(Limit);
        fake.Time.Advance(ModelHouse<FakeHouse.FakeModel>.Turn);
        Task<ModelLease<FakeHouse.FakeModel>> late = fake.RentAsync(0);
        Assert.False(late.IsCompleted);
        answering.Dispose();
        Assert.False(other.IsCompleted);
        passing.Dispose();
        (await other.WaitAsync(Limit)).Dispose();
        (await late.WaitAsync(Limit)).Dispose();
        Assert.Equal(2, fake.Loads[0]);
        Assert.Empty(fake.Faults);
    }

    [Fact]
    public async Task ModelLargerThanTheBudget_IsLoadedAlone()
    {
        await using var fake = new FakeHouse([3, 3, 20], 8);
        (await fake.RentAsync(0)).Dispose();
        (await fake.RentAsync(1)).Dispose();
        using ModelLease<FakeHouse.FakeModel> large = await fake.RentAsync(2).WaitAsync(Limit);
        Assert.Equal(20, fake.House.Bytes);
        Assert.Empty(fake.Faults);
    }

    [Fact]
    public async Task FailedLoad_IsToldToAllWhoWait_AndTriedAgainLater()
    {
        bool isBroken = true;
        var gate = new TaskCompletionSource();
        await using var fake = new FakeHouse([5], 10, async _ =>
        {
            await gate.Task;
            if (isBroken)
                throw new IOException("The disk is gone.");
        });
        Task<ModelLease<FakeHouse.FakeModel>> first = fake.RentAsync(0);
        Task<ModelLease<FakeHouse.FakeModel>> second = fake.RentAsync(0);
        gate.SetResult();
        await Assert.ThrowsAsync<IOException>(() => first.WaitAsync(Limit));
        await Assert.ThrowsAsync<IOException>(() => second.WaitAsync(Limit));
        await Assert.ThrowsAsync<IOException>(() => fake.RentAsync(0).WaitAsync(Limit));
        Assert.Equal(1, fake.Loads[0]); // A storm of retries reads nothing.
        Assert.Equal("The disk is gone.", fake.House.Look(0).Failure);
        isBroken = false;
        fake.Time.Advance(ModelHouse<FakeHouse.FakeModel>.FailureLife);
        (await fake.RentAsync(0).WaitAsync(Limit)).Dispose();
        Assert.Null(fake.House.Look(0).Failure);
    }

    [Fact]
    public async Task IdleModel_LeavesAfterItsTime_ALeasedOneDoesNot()
    {
        await using var fake = new FakeHouse([1, 1], 10, idleLimit: TimeSpan.FromMinutes(1));
        using ModelLease<FakeHouse.FakeModel> kept = await fake.RentAsync(0);
        (await fake.RentAsync(1)).Dispose();
        for (int i = 0; i < 5; i++)
            fake.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(HouseState.Present, fake.House.Look(0).State);
        Assert.NotEqual(HouseState.Present, fake.House.Look(1).State);
    }

    [Fact]
    public async Task CancelledWait_LeavesTheQueue()
    {
        await using var fake = new FakeHouse([6, 6], 8);
        using ModelLease<FakeHouse.FakeModel> answering = await fake.RentAsync(0);
        using var cancel = new CancellationTokenSource();
        Task<ModelLease<FakeHouse.FakeModel>> other = fake.RentAsync(1, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other.WaitAsync(Limit));
        Assert.Equal(0, fake.House.Look(1).Waiting);
    }

    [Fact]
    public async Task ClosingHouse_EndsWaitsAndLoads()
    {
        var gate = new TaskCompletionSource();
        var fake = new FakeHouse([5], 10, _ => gate.Task);
        Task<ModelLease<FakeHouse.FakeModel>> waiting = fake.RentAsync(0);
        Task closing = fake.DisposeAsync().AsTask();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Limit));
        gate.SetResult();
        await closing.WaitAsync(Limit);
        Assert.Equal(0, fake.House.Bytes);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fake.RentAsync(0));
    }

    /// <summary>
    /// Clients that rent, use, give up and fail at random: nothing is used after it left, nothing is loaded twice, the
    /// budget holds, everybody is served.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task RandomClients_NeverMeetAModelThatLeft(int seed)
    {
        const int Clients = 8;
        const int Rounds = 400;
        var setup = new Random(seed);
        long[] bytes = [.. Enumerable.Range(0, 5).Select(_ => (long)setup.Next(1, 8))];
        await using var fake = new FakeHouse(bytes, 10, async number =>
        {
            await Task.Yield();
            if (number == 4)
                throw new IOException("never");
        });
        int served = 0, failed = 0, cancelled = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random((seed * 1000) + client);
            for (int i = 0; i < Rounds; i++)
            {
                using var stop = new CancellationTokenSource();
                Task<ModelLease<FakeHouse.FakeModel>> rent = fake.RentAsync(random.Next(bytes.Length), stop.Token);
                if (random.Next(10) == 0)
                    await stop.CancelAsync();
                if (random.Next(50) == 0)
                    fake.Time.Advance(TimeSpan.FromSeconds(6));
                try
                {
                    using ModelLease<FakeHouse.FakeModel> lease = await rent.WaitAsync(Limit);
                    lease.Model.Enter();
                    for (int step = random.Next(4); step > 0; step--)
                        await Task.Yield();
                    lease.Model.Exit();
                    Interlocked.Increment(ref served);
                }
                catch (IOException)
                {
                    Interlocked.Increment(ref failed);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }
        })));
        Assert.True(fake.Faults.Count == 0, $"seed {seed}: {string.Join("; ", fake.Faults.Take(5))}");
        Assert.Equal(Clients * Rounds, served + failed + cancelled);
        Assert.True(served > Clients * Rounds / 2, $"seed {seed}: {served} served");
        Assert.Equal(0, Enumerable.Range(0, bytes.Length).Sum(i => fake.House.Look(i).Leases));
    }
}
