using FastMlx.Engine;

namespace FastMlx.Native.Tests;

/// <summary>Steps of one row, greedy.</summary>
internal static class Steps
{
    private const int Chunk = 512;

    /// <summary>Feeds tokens at <paramref name="first"/> and returns the sampled id.</summary>
    public static int Feed(NativeModel model, int slot, int first, ReadOnlySpan<int> tokens)
    {
        Span<int> next = stackalloc int[1];
        while (true)
        {
            ReadOnlySpan<int> part = tokens[..Math.Min(tokens.Length, Chunk)];
            tokens = tokens[part.Length..];
            int sample = tokens.IsEmpty ? 1 : 0;
            StepRow row = new() { Slot = slot, First = first, Count = part.Length, Sample = sample, TopP = 1 };
            model.BeginStep([row], part);
            model.EndStep(next);
            first += part.Length;
            if (tokens.IsEmpty)
                return next[0];
        }
    }

    public static List<int> Greedy(NativeModel model, int slot, ReadOnlySpan<int> prompt, int count)
    {
        List<int> ids = [Feed(model, slot, 0, prompt)];
        for (int length = prompt.Length; ids.Count < count; length++)
            ids.Add(Feed(model, slot, length, [ids[^1]]));
        return ids;
    }
}
