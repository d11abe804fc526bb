using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>The tiny models against MLX's own numbers: every position, cached, chunked, greedy.</summary>
public sealed class GoldenModelTests
{
    private const float Exact = 1e-3f;
    private const float Rounded = 0.05f;
    private const float Scanned = 0.1f; // Mamba

    private static readonly string[] Dense =
    [
        "llama*", "mistral*", "qwen2*", "qwen3-*", "qwen3h128-*", "compat-llama-leftovers", "gemma3*", "seed_oss*",
        "phi3*", "granite-*", "smollm3*", "cohere2*",
    ];

    public static TheoryData<string, NativeBackend> Models() => Backends.TinyModels(NativeBackend.CpuRounded, "*");

    public static TheoryData<string> Float32Models() => Named(["*-f32"]);

    public static TheoryData<string> DenseModels() => Named(Dense);

    private static TheoryData<string> Named(string[] families)
    {
        var data = new TheoryData<string>();
        foreach (string name in Repository.TinyModels(families))
            data.Add(name);
        if (data.Count == 0)
            data.Add("(none)");
        return data;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_EqualMlx(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        Golden golden = Golden.Load(name);
        bool scans = name.StartsWith("nemotron_h", StringComparison.Ordinal)
            || name.StartsWith("granitemoehybrid", StringComparison.Ordinal);
        float tolerance = golden.IsFloat32 ? Exact : scans ? Scanned : Rounded;
        int slot = model.OpenSlot();
        float[][] prefill = Logits(model, slot, 0, golden.Prompt, all: true);
        AssertClose(golden.PrefillLogits, prefill, tolerance, "prefill");
        for (int i = 0; i < golden.DecodeTokens.Length; i++)
        {
            float[][] decoded = Logits(model, slot, golden.Prompt.Length + i, [golden.DecodeTokens[i]], all: false);
            AssertClose([golden.DecodeLogits[i]], decoded, tolerance, $"decode {i}");
        }

        int chunked = model.OpenSlot();
        Logits(model, chunked, 0, golden.Prompt[..golden.Split], all: false);
        float[][] last = Logits(model, chunked, golden.Split, golden.Prompt[golden.Split..], all: false);
        AssertClose([golden.ChunkedLastLogits], last, tolerance, "chunked");
        // Bit for bit: a chunk never changes an answer. Not so with MLX, whose products of one row and of several differ, nor
        // with MLX's parallel form of Mamba, which rounds by chunks; as models are served on the CPU it does not: StateTests.
        if (backend == NativeBackend.CpuRounded && (!scans || golden.IsFloat32))
            Assert.Equal(prefill[^1], last[0]);
        Assert.Equal(golden.Greedy, Steps.Greedy(model, model.OpenSlot(), golden.Prompt, golden.Greedy.Length));
    }

    // What is stored in float32 has the same sums in both arithmetics.
    [Theory]
    [MemberData(nameof(Float32Models))]
    public void Float32_IsTheSameInBothArithmetics(string name)
    {
        Golden golden = Golden.Load(name);
        using NativeModel served = NativeModel.Open(
            golden.Folder, new NativeModelOptions { Backend = NativeBackend.Cpu });
        AssertClose(
            golden.PrefillLogits, Logits(served, served.OpenSlot(), 0, golden.Prompt, all: true), Exact, "prefill");
        Assert.Equal(golden.Greedy, Steps.Greedy(served, served.OpenSlot(), golden.Prompt, golden.Greedy.Length));
    }

    // Sums in float32 are what models are served with; MLX's rounded sums lie within a share of the largest logit. Dense
    // models only: in a mixture a router's near tie may fall to the other side.
    [Theory]
    [MemberData(nameof(DenseModels))]
    public void FloatSums_StayNearMlx(string name)
    {
        Golden golden = Golden.Load(name);
        using NativeModel model = NativeModel.Open(
            golden.Folder, new NativeModelOptions { Backend = NativeBackend.Cpu });
        float[][] prefill = Logits(model, model.OpenSlot(), 0, golden.Prompt, all: true);
        float largest = golden.PrefillLogits.Max(row => row.Max(MathF.Abs));
        AssertClose(golden.PrefillLogits, prefill, golden.IsFloat32 ? Exact : Rounded * largest, "prefill");
    }

    // One layer of DeepSeek-V3 without a router, by MLX. nvfp4's scales are no powers of two: it shows where they are
    // multiplied in, of the sums along embed_q's and unembed_out's rows and across them.
    // DeepSeek-V2 and Llama with mxfp4 and all else in float32: what such a product has, and so the cache, is float32
    // and not the bfloat16 to which the weights dequantise.
    [Theory]
    [InlineData("latent-nvfp4", NativeBackend.CpuRounded, 0.02f)]
    [InlineData("latent-nvfp4", NativeBackend.Cpu, 0.15f)]
    [InlineData("expanded-mxfp4-f32", NativeBackend.CpuRounded, Exact)]
    [InlineData("expanded-mxfp4-f32", NativeBackend.Cpu, Exact)]
    [InlineData("llama-mxfp4-f32", NativeBackend.CpuRounded, Exact)]
    [InlineData("llama-mxfp4-f32", NativeBackend.Cpu, Exact)]
    public void AttentionInSmallFloats_EqualsMlx(string name, NativeBackend backend, float tolerance)
    {
        Golden golden = Golden.Read(Path.Combine(Repository.Root, "tests/vectors", name));
        using NativeModel model = NativeModel.Open(golden.Folder, new NativeModelOptions { Backend = backend });
        int slot = model.OpenSlot();
        AssertClose(golden.PrefillLogits, Logits(model, slot, 0, golden.Prompt, all: true), tolerance, "prefill");
        for (int i = 0; i < golden.DecodeTokens.Length; i++)
        {
            float[][] decoded = Logits(model, slot, golden.Prompt.Length + i, [golden.DecodeTokens[i]], all: false);
            AssertClose([golden.DecodeLogits[i]], decoded, tolerance, $"decode {i}");
        }
    }

    private static float[][] Logits(NativeModel model, int slot, int first, int[] tokens, bool all)
    {
        int vocab = model.Info.VocabSize;
        var flat = new float[(all ? tokens.Length : 1) * vocab];
        model.Logits(slot, first, tokens, all, flat);
        return [.. flat.Chunk(vocab)];
    }

    private static void AssertClose(float[][] expected, float[][] actual, float tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        float worst = 0;
        for (int row = 0; row < expected.Length; row++)
        {
            for (int i = 0; i < expected[row].Length; i++)
                worst = MathF.Max(worst, MathF.Abs(expected[row][i] - actual[row][i]));
        }

        Assert.True(worst <= tolerance, $"{what}: off by {worst}, allowed {tolerance}");
    }
}
