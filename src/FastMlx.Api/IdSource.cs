using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FastMlx.Api;

/// <summary>
/// Makes ids of 24 base62 characters. Any thread. Two ids of one source never agree: the first eleven characters are a
/// one-to-one image of a counter. A source with a seed repeats itself, for tests.
/// </summary>
public sealed class IdSource(ulong seed)
{
    private const int Length = 24;
    private const int CounterChars = 11; // 62^11 > 2^64
    private static ReadOnlySpan<byte> Alphabet => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8;

    private ulong _counter;

    public static IdSource FromSystem()
    {
        Span<byte> seed = stackalloc byte[8];
        RandomNumberGenerator.Fill(seed);
        return new IdSource(BinaryPrimitives.ReadUInt64LittleEndian(seed));
    }

    public string Message() => Next("msg_");
    public string Tool() => Next("toolu_");
    public string Request() => Next("req_");
    public string Batch() => Next("msgbatch_");
    public string ChatCompletion() => Next("chatcmpl-");
    public string Completion() => Next("cmpl-");
    public string Call() => Next("call_");
    public string Response() => Next("resp_");

    /// <summary>The prefix and 24 more characters.</summary>
    public string Next(string prefix)
    {
        ulong count = Interlocked.Increment(ref _counter);
        return string.Create(prefix.Length + Length, (prefix, count, seed), static (span, state) =>
        {
            state.prefix.CopyTo(span);
            Span<char> rest = span[state.prefix.Length..];
            Put(rest[..CounterChars], Mix(state.seed + state.count * 0x9E3779B97F4A7C15));
            ulong more = Mix(Mix(state.seed ^ 0xD1B54A32D192ED03) + state.count);
            Put(rest[CounterChars..18], more);
            Put(rest[18..], Mix(more));
        });
    }

    private static void Put(Span<char> to, ulong value)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = (char)Alphabet[(int)(value % 62)];
            value /= 62;
        }
    }

    // SplitMix64's finaliser: a bijection of 64 bits.
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
