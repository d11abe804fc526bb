using FastMlx.Engine.Rings;

namespace FastMlx.Engine.Disk;

/// <summary>The thread behind a <see cref="DiskTier"/>. Stopping finishes what is ordered, within a limit.</summary>
internal sealed class DiskThread : IDisposable
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    private readonly DiskWorker _worker;
    private readonly Action _wakeEngine;
    private readonly Parker _parker = new();
    private readonly Thread _thread;
    private volatile bool _stopping; // Seen at the latest after the wake-up that follows its write.

    public DiskThread(DiskTier tier, Action wakeEngine)
    {
        _worker = tier.Worker;
        _wakeEngine = wakeEngine;
        tier.Ordered = _parker.Wake;
        _thread = new Thread(Run) { IsBackground = true, Name = "fastmlx-disk", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopping = true;
        _parker.Wake();
        if (_thread.Join(StopTime))
        {
            _parker.Dispose();
        }
    }

    private void Run()
    {
        while (true)
        {
            while (_worker.RunOne())
            {
                _wakeEngine();
            }

            _parker.Prepare();
            if (_worker.HasOrders)
            {
                _parker.Abandon();
            }
            else if (_stopping)
            {
                return;
            }
            else
            {
                _parker.Sleep();
            }
        }
    }
}
