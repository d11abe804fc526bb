using System.Diagnostics;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// Every set of kernels this machine can run: against the plain loops (native/tests/kernel_tests.cpp), and through a model,
/// where neither threads nor chunks may change a bit.
/// </summary>
public sealed class KernelTests
{
    private const string Name = "qwen3h128-bf16-affine-gs64-b4";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Kernels_EqualPlainLoops(int seed)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "fastmlx_kernel_tests");
        Assert.SkipUnless(File.Exists(program), "fastmlx_kernel_tests was not built (FmSkipNativeBuild)");
        var start = new ProcessStartInfo(program, [$"{seed}"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
        Assert.Contains(" checks, 0 failed", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x100)]
    [InlineData(0x200)]
    [InlineData(0x300)]
    [InlineData(0x400)]
    [InlineData(0x500)]
    public void ThreadsAndChunks_ChangeNoBit(int kernels)
    {
        string folder = Repository.Shared($"corpora/tiny-models/{Name}");
        int[] expected = Feed(folder, kernels, threads: 1, chunk: 150);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            foreach (int chunk in new[] { 150, 64, 7, 1 })
                Assert.Equal(expected, Feed(folder, kernels, threads, chunk));
        }
    }

    // The last position's logits, as bits.
    private static int[] Feed(string folder, int kernels, int threads, int chunk)
    {
        using NativeModel model = Open(folder, kernels, threads);
        int[] prompt = [.. Enumerable.Range(0, 150).Select(i => i * 37 % model.Info.VocabSize)];
        int slot = model.OpenSlot();
        var logits = new float[model.Info.VocabSize];
        for (int at = 0; at < prompt.Length; at += chunk)
            model.Logits(slot, at, prompt[at..Math.Min(prompt.Length, at + chunk)], false, logits);
        return [.. logits.Select(BitConverter.SingleToInt32Bits)];
    }

    // FM_KERNELS_* lies above the backend's number.
    private static NativeModel Open(string folder, int kernels, int threads)
    {
        var backend = (NativeBackend)((int)NativeBackend.Cpu | kernels);
        try
        {
            return NativeModel.Open(folder, new NativeModelOptions { Backend = backend, Threads = threads });
        }
        catch (ModelException failure) when (failure.Message.Contains("this machine has no", StringComparison.Ordinal))
        {
            Assert.Skip(failure.Message);
            throw;
        }
    }
}
