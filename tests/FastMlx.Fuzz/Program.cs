using System.Globalization;
using SharpFuzz;

namespace FastMlx.Fuzz;

internal static class Program
{
    private const string Usage = """
        FastMlx.Fuzz TARGET                      under afl-fuzz, after "sharpfuzz FastMlx.Http.dll"
        FastMlx.Fuzz TARGET --libfuzzer          under libfuzzer-dotnet
        FastMlx.Fuzz TARGET --random COUNT SEED FOLDER   mutates the corpus without an engine; prints what fails
        FastMlx.Fuzz TARGET --replay FOLDER      runs the corpus
        """;

    public static int Main(string[] args)
    {
        if (args.Length == 0 || !FuzzTargets.All.TryGetValue(args[0], out FuzzTarget? target))
        {
            Console.Error.WriteLine(Usage + "Targets: " + string.Join(", ", FuzzTargets.All.Keys));
            return 2;
        }
        switch (args[1..])
        {
            case []:
                Fuzzer.OutOfProcess.Run(stream => target(ReadAll(stream)));
                return 0;
            case ["--libfuzzer"]:
                Fuzzer.LibFuzzer.Run(bytes => target(bytes));
                return 0;
            case ["--replay", string folder]:
                return Replay(target, folder);
            case ["--random", string count, string seed, string folder]:
                return new RandomFuzz(target, Load(folder), int.Parse(seed, CultureInfo.InvariantCulture))
                    .Run(long.Parse(count, CultureInfo.InvariantCulture), Console.Out) ? 0 : 1;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static int Replay(FuzzTarget target, string folder)
    {
        byte[][] corpus = Load(folder);
        foreach (byte[] input in corpus) target(input);
        Console.WriteLine($"{corpus.Length} inputs");
        return 0;
    }

    private static byte[][] Load(string folder) =>
        [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static byte[] ReadAll(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
