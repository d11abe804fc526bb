using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Finds the first of several sequences to be completed in a stream (Knuth, Morris and Pratt for each).
/// </summary>
internal sealed class StopMatcher
{
    private readonly byte[][] _sequences;
    private readonly int[][] _fallbacks;
    private readonly int[] _matched;

    public StopMatcher(IReadOnlyList<string> sequences)
    {
        _sequences = [.. sequences.Select(Encoding.UTF8.GetBytes)];
        _fallbacks = [.. _sequences.Select(Fallbacks)];
        _matched = new int[_sequences.Length];
    }

    /// <summary>Bytes at the end of the stream that may belong to a sequence.</summary>
    public int OpenBytes => _matched.Max();

    public int LengthOf(int sequence) => _sequences[sequence].Length;

    public void Reset() => Array.Clear(_matched);

    /// <summary>
    /// The offset behind the first completed sequence (the longest of several that end there), or -1.
    /// </summary>
    public int Find(ReadOnlySpan<byte> text, out int sequence)
    {
        for (int index = 0; index < text.Length; index++)
        {
            sequence = Advance(text[index]);
            if (sequence >= 0)
                return index + 1;
        }
        sequence = -1;
        return -1;
    }

    private int Advance(byte value)
    {
        int complete = -1;
        for (int index = 0; index < _sequences.Length; index++)
        {
            byte[] sequence = _sequences[index];
            if (sequence.Length == 0)
                continue;
            int matched = _matched[index];
            while (matched > 0 && sequence[matched] != value)
                matched = _fallbacks[index][matched - 1];
            if (sequence[matched] == value)
                matched++;
            if (matched == sequence.Length)
            {
                if (complete < 0 || sequence.Length > _sequences[complete].Length)
                    complete = index;
                matched = _fallbacks[index][matched - 1];
            }
            _matched[index] = matched;
        }
        return complete;
    }

    private static int[] Fallbacks(byte[] sequence)
    {
        int[] fallbacks = new int[sequence.Length];
        int matched = 0;
        for (int index = 1; index < sequence.Length; index++)
        {
            while (matched > 0 && sequence[matched] != sequence[index])
                matched = fallbacks[matched - 1];
            if (sequence[matched] == sequence[index])
                matched++;
            fallbacks[index] = matched;
        }
        return fallbacks;
    }
}
