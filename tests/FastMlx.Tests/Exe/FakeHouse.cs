using FastMlx.Composition.Models;
using FastMlx.Tests.Http;
using Xunit;

namespace FastMlx.Tests.Exe;

/// <summary>A house whose models are counters, which notice what must never happen.</summary>
internal sealed class FakeHouse : IAsyncDisposable
{
    private readonly long[] _bytes;
    private readonly long _budget;
    private readonly FakeModel?[] _present;
    private long _taken;

    /// <param name="bytes">The models' sizes.</param>
    /// <param name="budget">For all.</param>
    /// <param name="load">Holds loads back or fails them; null: they are there at once.</param>
    /// <param name="idleLimit">After which unused ones leave.</param>
    public FakeHouse(long[] bytes, long budget, Func<int, Task>? load = null, TimeSpan idleLimit = default)
    {
        _bytes = bytes;
        _budget = budget;
        _present = new FakeModel?[bytes.Length];
        House = new ModelHouse<FakeModel>(
            [.. bytes.Select((size, i) => new HouseRoom<FakeModel>(size, _ => LoadAsync(i, load)))],
            budget, idleLimit, model => _bytes[model.Number], Time);
    }

    public FakeTime Time { get; } = new();

    public ModelHouse<FakeModel> House { get; }

    public int[] Loads { get; } = new int[16];

    /// <summary>The most that was ever in memory beside another one.</summary>
    public long Peak { get; private set; }

    public List<string> Faults { get; } = [];

    public Task<ModelLease<FakeModel>> RentAsync(int model, CancellationToken cancellation = default) =>
        House.RentAsync(model, cancellation);

    public ValueTask DisposeAsync() => House.DisposeAsync();

    private async Task<FakeModel> LoadAsync(int number, Func<int, Task>? load)
    {
        lock (Faults)
        {
            Loads[number]++;
            if (_present[number] is not null)
                Faults.Add($"model {number} was loaded twice");
            _present[number] = new FakeModel(this, number);
            _taken += _bytes[number];
            if (_taken > _budget && _taken != _bytes[number])
                Faults.Add($"{_taken} of {_budget} bytes");
            Peak = Math.Max(Peak, _taken);
        }

        try
        {
            await (load?.Invoke(number) ?? Task.CompletedTask);
            return _present[number]!;
        }
        catch
        {
            Leave(number);
            throw;
        }
    }

    private void Leave(int number)
    {
        lock (Faults)
        {
            _present[number] = null;
            _taken -= _bytes[number];
        }
    }

    internal sealed class FakeModel(FakeHouse house, int number) : IAsyncDisposable
    {
        private int _users;
        private bool _isGone;

        public int Number { get; } = number;

        public void Enter()
        {
            if (Volatile.Read(ref _isGone))
                house.Fault($"model {Number} is used after it left");
            Interlocked.Increment(ref _users);
        }

        public void Exit() => Interlocked.Decrement(ref _users);

        public async ValueTask DisposeAsync()
        {
            Volatile.Write(ref _isGone, true);
            if (Volatile.Read(ref _users) > 0)
                house.Fault($"model {Number} left while it was used");
            await Task.Yield();
            house.Leave(Number);
        }
    }

    private void Fault(string fault)
    {
        lock (Faults)
            Faults.Add(fault);
    }
}
