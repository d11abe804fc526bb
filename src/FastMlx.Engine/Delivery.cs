using FastMlx.Engine.Rings;

namespace FastMlx.Engine;

/// <summary>
/// The thread that wakes readers. The engine thread adds generations with news during a step and wakes this thread
/// once at its end; continuations run on the thread pool, never here and never on the engine thread.
/// </summary>
internal sealed class Delivery : IDisposable
{
    private readonly HandOverRing<LiveGeneration> _ring;
    private readonly Parker _parker = new();
    private readonly Thread _thread;
    private bool _hasNews; // The engine thread's own.
    private volatile bool _stopping; // Seen at the latest after the wake-up that follows its write.

    public Delivery(int capacity)
    {
        _ring = new HandOverRing<LiveGeneration>(capacity);
        _thread = new Thread(Run) { IsBackground = true, Name = "fastmlx-delivery" };
        _thread.Start();
    }

    /// <summary>Engine thread: a generation has tokens or has ended.</summary>
    public void Add(LiveGeneration generation)
    {
        _hasNews = true;

        // One entry per generation at a time; where ended ones fill the ring all the same, signal from here.
        if (generation.TryQueue() && !_ring.TryWrite(generation))
        {
            generation.Signal();
        }
    }

    /// <summary>Engine thread, once a step.</summary>
    public void Flush()
    {
        if (_hasNews)
        {
            _hasNews = false;
            _parker.Wake();
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _parker.Wake();
        _thread.Join();
        _parker.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            while (_ring.TryRead(out var generation))
            {
                generation!.Signal();
            }

            _parker.Prepare();
            if (!_ring.IsEmpty)
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
