using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>Which backends a test runs on. Where this build has no MLX, its rows are one that is skipped.</summary>
internal static class Backends
{
    public const string NoMlx = "this build has no MLX";

    public static bool HasMlx { get; } = MlxBackend.Look() is not null;

    /// <summary>Every tiny model on <paramref name="cpu"/>, and on MLX.</summary>
    public static TheoryData<string, NativeBackend> TinyModels(NativeBackend cpu, params string[] patterns)
    {
        var data = new TheoryData<string, NativeBackend>();
        foreach (NativeBackend backend in (NativeBackend[])[cpu, NativeBackend.Mlx])
        {
            List<string> names = backend == NativeBackend.Mlx && !HasMlx ? [] : [.. Repository.TinyModels(patterns)];
            if (names.Count == 0)
                names.Add("(none)");
            foreach (string name in names)
                data.Add(name, backend);
        }

        return data;
    }

    /// <summary>Skips the test where this build has no such backend.</summary>
    public static void Require(NativeBackend backend) =>
        Assert.SkipUnless(backend != NativeBackend.Mlx || HasMlx, NoMlx);

    public static NativeModel OpenTiny(string name, NativeBackend backend)
    {
        Require(backend);
        return NativeModel.Open(
            Repository.Shared("corpora/tiny-models/" + name),
            new NativeModelOptions { Backend = backend, Threads = backend == NativeBackend.Cpu ? 2 : 0 });
    }
}
