namespace FastMlx.Engine.Scheduling;

/// <summary>
/// The last prompt of each recent session, to say where the next one leaves it even when its state is long evicted.
/// Engine thread.
/// </summary>
internal sealed class SessionMemory
{
    private const int SessionsMax = 64;

    private readonly Dictionary<string, int[]> _prompts = [];
    private readonly Queue<string> _order = new();

    /// <summary>
    /// The first position of the prompt that neither the cache (<paramref name="shared"/> tokens) nor the session's
    /// last prompt shares; -1 where all is shared.
    /// </summary>
    public int Diverged(Sequence sequence, int shared)
    {
        var prompt = sequence.Request.Prompt;
        if (sequence.Request.Session is { } session)
        {
            // A session belongs to one partition: another key's session of the same name must not be told about.
            var name = $"{sequence.Request.Partition:x}/{session}";
            if (_prompts.TryGetValue(name, out var last))
            {
                shared = Math.Max(shared, prompt.AsSpan().CommonPrefixLength(last));
            }
            else
            {
                Add(name);
            }

            _prompts[name] = prompt;
        }

        return shared >= prompt.Length - 1 ? -1 : shared;
    }

    private void Add(string name)
    {
        _order.Enqueue(name);
        if (_order.Count > SessionsMax)
        {
            _prompts.Remove(_order.Dequeue());
        }
    }
}
