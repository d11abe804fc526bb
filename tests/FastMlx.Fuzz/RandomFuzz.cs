using System.Diagnostics;

namespace FastMlx.Fuzz;

/// <summary>
/// A mutator for machines without a fuzz engine: cuts, joins, repeats and changes bytes of corpus inputs, and keeps
/// nothing. A run is its seed: the same seed gives the same inputs.
/// </summary>
internal sealed class RandomFuzz(FuzzTarget target, byte[][] corpus, int seed)
{
    private const int LongestBytes = 4096;

    private static readonly byte[] Interesting = [.. " \t\r\n:;,=\"\\/?%#[]0159aAfFgG\0"u8, 0x1F, 0x7F, 0x80, 0xFF];

    private readonly Random _random = new(seed);

    /// <summary>True where nothing failed; a failure is written as its input in base 64.</summary>
    public bool Run(long count, TextWriter output)
    {
        long start = Stopwatch.GetTimestamp();
        for (long i = 0; i < count; i++)
        {
            byte[] input = Mutate();
            try
            {
                target(input);
            }
            catch (Exception error)
            {
                output.WriteLine($"seed {seed}, input {i}: {error.Message}");
                output.WriteLine(Convert.ToBase64String(input));
                return false;
            }
        }
        output.WriteLine($"{count} inputs, 0 failures, {count / Stopwatch.GetElapsedTime(start).TotalSeconds:f0}/s");
        return true;
    }

    private byte[] Mutate()
    {
        var bytes = new List<byte>(corpus[_random.Next(corpus.Length)]);
        for (int changes = _random.Next(1, 6); changes > 0; changes--) Change(bytes);
        if (bytes.Count > LongestBytes) bytes.RemoveRange(LongestBytes, bytes.Count - LongestBytes);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count + 1);
        int length = Math.Min(_random.Next(1, 24), bytes.Count - at);
        switch (_random.Next(8))
        {
            case 0:
                bytes.Insert(at, Interesting[_random.Next(Interesting.Length)]);
                break;
            case 1 when at < bytes.Count:
                bytes[at] = Interesting[_random.Next(Interesting.Length)];
                break;
            case 2 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                byte[] other = corpus[_random.Next(corpus.Length)];
                int from = _random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(_random.Next(1, 40), other.Length - from)).ToArray());
                break;
        }
    }
}
