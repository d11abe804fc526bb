using System.Text;
using FastMlx.Hub;
using Xunit;
using static FastMlx.Tests.Hub.SafetensorsBytes;

namespace FastMlx.Tests.Hub;

/// <summary>
/// Random files, most of them one or two changes away from a good one: accepted exactly when the slow oracle accepts,
/// and refused with a <see cref="ModelFileException"/> and nothing else.
/// </summary>
public sealed class SafetensorsFuzzTests
{
    private static readonly string[] Tokens =
    [
        "0", "1", "-1", "4294967296", "2147483647", "2147483648", "18446744073709551615", "9223372036854775807", "1.0",
        "1e3", "[", "]", "{", "}", ",", ":", "\"", "\\u0061", "\\ud800", "null", "true", "NaN", "[]", "{}", "\"U8\"",
        "\"F32\"", "\"F4\"", "\"dtype\":\"U8\",", "\"__metadata__\":{},", "\0", "\uFFFF", " ", "\n",
    ];

    [Fact]
    public void RandomFiles_AgreeWithTheOracle() => Run(seed: 1, cases: 5_000);

    /// <summary>The long run: `--explicit only --filter-class *SafetensorsFuzzTests`.</summary>
    [Fact(Explicit = true)]
    public void RandomFiles_AgreeWithTheOracle_Long() => Run(seed: 2, cases: 500_000);

    private static void Run(int seed, int cases)
    {
        string fast = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        string path = Path.Combine(fast, $"fastmlx-fuzz-{Environment.ProcessId}-{seed}.safetensors");
        var random = new Random(seed);
        int accepted = 0;
        try
        {
            for (int i = 0; i < cases; i++)
            {
                byte[] file = Next(random);
                File.WriteAllBytes(path, file);
                bool ours = Accepts(path, i, seed);
                bool theirs = SafetensorsOracle.Accepts(file);
                Assert.True(ours == theirs, $"seed {seed}, case {i}: we say {ours}, the oracle {theirs}: "
                    + Encoding.Latin1.GetString(file));
                accepted += ours ? 1 : 0;
            }
        }
        finally
        {
            File.Delete(path);
        }
        // A fuzzer whose files are all bad (or all good) would prove nothing.
        Assert.InRange(accepted, cases / 20, cases * 19 / 20);
    }

    private static bool Accepts(string path, int index, int seed)
    {
        try
        {
            SafetensorsHeader.Read(path);
            return true;
        }
        catch (ModelFileException)
        {
            return false;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, case {index}: undeclared exception", e);
        }
    }

    private static byte[] Next(Random random)
    {
        byte[] file = Good(random);
        for (int changes = random.Next(4); changes > 0; changes--)
            file = Change(random, file);
        return file;
    }

    private static byte[] Good(Random random)
    {
        string[] dtypes = ["U8", "I8", "BF16", "F32", "U32", "F64", "BOOL", "F8_E4M3", "F4", "F6_E2M3"];
        var entries = new List<string>();
        int offset = 0;
        int count = random.Next(6);
        for (int i = 0; i < count; i++)
        {
            string dtype = dtypes[random.Next(dtypes.Length)];
            int bits = Bits(dtype);
            int[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(4))];
            if (bits < 8)
                shape = [.. shape, 4];
            int bytes = shape.Aggregate(1, (a, b) => a * b) * bits / 8;
            entries.Add(Entry($"t{i}", dtype, $"[{string.Join(',', shape)}]", $"[{offset},{offset + bytes}]"));
            offset += bytes;
        }
        if (random.Next(3) == 0)
            entries.Add("\"__metadata__\":{\"format\":\"mlx\"}");
        string[] shuffled = [.. entries];
        random.Shuffle(shuffled);
        return Make("{" + string.Join(',', shuffled) + "}" + new string(' ', random.Next(3)), offset);
    }

    private static int Bits(string dtype) => dtype switch
    {
        "BF16" => 16,
        "F32" or "U32" => 32,
        "F64" => 64,
        "F4" => 4,
        "F6_E2M3" => 6,
        _ => 8,
    };

    private static byte[] Change(Random random, byte[] file)
    {
        int at = random.Next(file.Length + 1);
        switch (random.Next(6))
        {
            case 0 when at < file.Length:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                return file[..at];
            case 2:
                return [.. file[..at], .. Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]), .. file[at..]];
            case 3 when at < file.Length:
                return Digit(random, file, at);
            case 4:
                return Resize(random, file);
            default:
                int end = Math.Min(file.Length, at + random.Next(20));
                return [.. file[..at], .. file[end..]];
        }
    }

    // Changing a number and nothing else keeps the file plausible.
    private static byte[] Digit(Random random, byte[] file, int from)
    {
        int at = Array.FindIndex(file, from, b => b is >= (byte)'0' and <= (byte)'9');
        if (at >= 0)
            file[at] = (byte)('0' + random.Next(10));
        return file;
    }

    // An insertion that the length field knows about gets past the first check.
    private static byte[] Resize(Random random, byte[] file)
    {
        if (file.Length < 12)
            return file;
        long length = BitConverter.ToInt64(file);
        if (length <= 0 || length + 8 > file.Length)
            return file;
        int at = 8 + random.Next((int)length + 1);
        byte[] token = Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]);
        byte[] longer = [.. file[..at], .. token, .. file[at..]];
        BitConverter.TryWriteBytes(longer, length + token.Length);
        return longer;
    }
}
