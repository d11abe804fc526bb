namespace FastMlx.Composition.Models;

/// <summary>
/// Which models are in memory: loaded when first asked for, within a budget, the one unused for longest leaves first,
/// never one that is leased. A load that must wait for room lets requests for present models pass for a while; after
/// <see cref="Turn"/> they queue behind it, so that it gets its turn. Loads and goodbyes run on the thread pool;
/// renting never blocks. Any thread.
/// </summary>
internal sealed class ModelHouse<T> : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    /// <summary>How long a failed load answers for the next ones: clients try again many times a second.</summary>
    public static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly HouseRoom<T>[] _rooms;
    private readonly long _budget;
    private readonly TimeSpan _idleLimit;
    private readonly Func<T, long> _bytesOf;
    private readonly TimeProvider _time;
    private readonly LinkedList<HouseGuest<T>> _queue = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _work = [];
    private readonly ITimer? _idleTimer;
    private bool _isClosed;

    /// <param name="rooms">The models; their order is their number.</param>
    /// <param name="budget">Bytes for all of them. One alone may be larger: it is then loaded alone.</param>
    /// <param name="idleLimit">A model unused for so long leaves; zero: never.</param>
    /// <param name="bytesOf">What a loaded model takes.</param>
    /// <param name="time">The clock.</param>
    public ModelHouse(
        IReadOnlyList<HouseRoom<T>> rooms, long budget, TimeSpan idleLimit, Func<T, long> bytesOf, TimeProvider time)
    {
        _rooms = [.. rooms];
        _budget = budget;
        _idleLimit = idleLimit;
        _bytesOf = bytesOf;
        _time = time;
        TimeSpan period = idleLimit / 4;
        if (idleLimit > TimeSpan.Zero)
            _idleTimer = time.CreateTimer(static house => ((ModelHouse<T>)house!).EndIdle(), this, period, period);
    }

    /// <summary>Bytes of what is in memory, coming or going.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return Taken();
        }
    }

    public HouseView<T> Look(int room)
    {
        lock (_lock)
        {
            HouseRoom<T> r = _rooms[room];
            int waiting = _queue.Count(guest => guest.Room == room);
            return new HouseView<T>(
                r.State, r.Model, r.Leases, waiting, r.Loads, r.Evictions, r.Failure?.Message);
        }
    }

    /// <summary>
    /// The model, loaded where it is not; the caller disposes the lease. Fails with what the load failed with, and is
    /// cancelled where the house closes.
    /// </summary>
    public Task<ModelLease<T>> RentAsync(int room, CancellationToken cancellation)
    {
        HouseGuest<T> guest;
        lock (_lock)
        {
            HouseRoom<T> r = _rooms[room];
            if (_isClosed)
                return Task.FromCanceled<ModelLease<T>>(new CancellationToken(canceled: true));
            if (r.State == HouseState.Present && !IsSomebodysTurn())
                return Task.FromResult(Lease(r));
            if (r.Failure is not null && _time.GetElapsedTime(r.Failed) < FailureLife)
                return Task.FromException<ModelLease<T>>(r.Failure);
            guest = new HouseGuest<T>(room, _time.GetTimestamp());
            _queue.AddLast(guest);
            Serve();
        }

        return cancellation.CanBeCanceled ? CancellableAsync(guest, cancellation) : guest.Lease.Task;
    }

    /// <summary>Takes a model in that somebody else loaded.</summary>
    public void Adopt(int room, T model)
    {
        lock (_lock)
            Settle(_rooms[room], model);
    }

    /// <summary>Ends all loads and all waits, and closes every model, leased or not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_idleTimer is not null)
            await _idleTimer.DisposeAsync();
        Task[] work;
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            foreach (HouseGuest<T> guest in _queue)
                guest.Lease.TrySetCanceled();
            _queue.Clear();
            foreach (HouseRoom<T> room in _rooms)
            {
                if (room.State == HouseState.Present)
                    Evict(room);
            }

            work = [.. _work];
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(work);
        // A load that ended meanwhile has begun its own goodbye.
        lock (_lock)
            work = [.. _work];
        await Task.WhenAll(work);
        _stopping.Dispose();
    }

    private async Task<ModelLease<T>> CancellableAsync(HouseGuest<T> guest, CancellationToken cancellation)
    {
        await using CancellationTokenRegistration leave = cancellation.UnsafeRegister(
            _ => Leave(guest, cancellation), null);
        return await guest.Lease.Task;
    }

    // Who was served in the same moment keeps the lease, and gives it back as any other.
    private void Leave(HouseGuest<T> guest, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_queue.Remove(guest))
                return;
            guest.Lease.TrySetCanceled(cancellation);
            Serve();
        }
    }

    /// <summary>Goes through the queue: leases what is present, begins loads for which there is room.</summary>
    private void Serve()
    {
        bool isTurn = false;
        for (LinkedListNode<HouseGuest<T>>? at = _queue.First, next; at is not null; at = next)
        {
            next = at.Next;
            HouseRoom<T> room = _rooms[at.Value.Room];
            if (room.State == HouseState.Present && !isTurn)
            {
                _queue.Remove(at);
                at.Value.Lease.SetResult(Lease(room));
            }
            else if (room.State == HouseState.Absent && !isTurn)
            {
                if (HasRoomFor(room))
                    Begin(room);
                else
                    isTurn = IsOverdue(at.Value);
            }
        }
    }

    private ModelLease<T> Lease(HouseRoom<T> room)
    {
        room.Leases++;
        return new ModelLease<T>(room.Model!, () => Return(room));
    }

    private void Return(HouseRoom<T> room)
    {
        lock (_lock)
        {
            room.Leases--;
            room.Used = _time.GetTimestamp();
            if (!_isClosed)
                Serve();
        }
    }

    private bool IsOverdue(HouseGuest<T> guest) => _time.GetElapsedTime(guest.Since) >= Turn;

    /// <summary>A load has waited for room long enough: whoever comes now queues behind it.</summary>
    private bool IsSomebodysTurn() =>
        _queue.Any(guest => _rooms[guest.Room].State == HouseState.Absent && IsOverdue(guest));

    private long Taken() => _rooms.Where(r => r.State != HouseState.Absent).Sum(r => r.Bytes);

    /// <summary>Whether a model can be loaded now. Where others must leave first, they are sent away.</summary>
    private bool HasRoomFor(HouseRoom<T> room)
    {
        long taken = Taken();
        if (taken == 0 || taken + room.Bytes <= _budget)
            return true;
        long leaving = _rooms.Where(r => r.State == HouseState.Leaving).Sum(r => r.Bytes);
        long over = taken - leaving + room.Bytes - _budget;
        long most = _rooms.Where(IsFree).Sum(r => r.Bytes);
        // In vain, nobody is sent away; but the house empties for one that must be alone.
        if (most >= over || most + leaving == taken)
            MakeRoom(over);
        return false;
    }

    private static bool IsFree(HouseRoom<T> room) => room is { State: HouseState.Present, Leases: 0 };

    /// <summary>Sends away what nobody leases, the one unused for longest first.</summary>
    private void MakeRoom(long bytes)
    {
        foreach (HouseRoom<T> room in _rooms.Where(IsFree).OrderBy(r => r.Used).ToArray())
        {
            if (bytes <= 0)
                return;
            bytes -= room.Bytes;
            Evict(room);
        }
    }

    private void Begin(HouseRoom<T> room)
    {
        room.State = HouseState.Loading;
        room.Failure = null;
        room.Loads++;
        Track(Task.Run(() => LoadAsync(room)));
    }

    private async Task LoadAsync(HouseRoom<T> room)
    {
        try
        {
            T model = await room.Load(_stopping.Token);
            lock (_lock)
                Settle(room, model);
        }
        catch (Exception e)
        {
            // Whatever it is, those who wait must hear it; the house goes on.
            lock (_lock)
                Fail(room, e);
        }
    }

    private void Settle(HouseRoom<T> room, T model)
    {
        room.Model = model;
        room.Bytes = _bytesOf(model);
        room.Used = _time.GetTimestamp();
        room.State = HouseState.Present;
        if (_isClosed)
        {
            Evict(room);
            return;
        }

        // Those who waited for it come first, whoever's turn it is: it was loaded for them.
        for (LinkedListNode<HouseGuest<T>>? at = _queue.First, next; at is not null; at = next)
        {
            next = at.Next;
            if (_rooms[at.Value.Room] != room)
                continue;
            _queue.Remove(at);
            at.Value.Lease.SetResult(Lease(room));
        }

        // It may have become larger than was planned.
        MakeRoom(Taken() - _budget);
        Serve();
    }

    private void Fail(HouseRoom<T> room, Exception error)
    {
        room.State = HouseState.Absent;
        room.Failure = error;
        room.Failed = _time.GetTimestamp();
        HouseGuest<T>[] guests = [.. _queue.Where(guest => _rooms[guest.Room] == room)];
        foreach (HouseGuest<T> guest in guests)
        {
            _queue.Remove(guest);
            guest.Lease.TrySetException(error);
        }

        if (!_isClosed)
            Serve();
    }

    private void Evict(HouseRoom<T> room)
    {
        T model = room.Model!;
        room.Model = null;
        room.State = HouseState.Leaving;
        room.Evictions++;
        Track(Task.Run(() => CloseAsync(room, model)));
    }

    private async Task CloseAsync(HouseRoom<T> room, T model)
    {
        try
        {
            await model.DisposeAsync();
        }
        finally
        {
            lock (_lock)
            {
                room.State = HouseState.Absent;
                if (!_isClosed)
                    Serve();
            }
        }
    }

    private void EndIdle()
    {
        lock (_lock)
        {
            foreach (HouseRoom<T> room in _rooms)
            {
                if (room is { State: HouseState.Present, Leases: 0 } && _time.GetElapsedTime(room.Used) >= _idleLimit)
                    Evict(room);
            }
        }
    }

    private void Track(Task task)
    {
        _work.Add(task);
        _ = task.ContinueWith(
            ended =>
            {
                lock (_lock)
                    _work.Remove(ended);
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }
}
