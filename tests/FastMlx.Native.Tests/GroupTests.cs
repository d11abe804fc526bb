using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// One model in two or four processes on loopback, over MLX's ring (native/tests/group_run.cpp): the tokens of one process, in
/// one stream and in a fork fed in pieces. Skipped where the build has no MLX.
/// </summary>
public sealed class GroupTests
{
    private static readonly string[] Prompt = ["3", "17", "42", "5", "9", "11", "2", "8", "30", "7"];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("llama-f32")]
    [InlineData("qwen2-f32")]
    [InlineData("qwen3-f32")]
    [InlineData("gemma3_text-f32")]
    [InlineData("qwen3_moe-f32")]
    [InlineData("glm4_moe-f32")]
    [InlineData("gpt_oss-f32")]
    [InlineData("deepseek_v3-f32")]
    public async Task TwoProcesses_GiveTheTokensOfOne(string name)
    {
        await AssertGroupAsync(name, size: 2);
    }

    [Theory]
    [InlineData("deepseek_v2-f32")]
    [InlineData("deepseek_v3-f32")]
    [InlineData("kimi_k2-f32")]
    public async Task FourProcesses_GiveTheTokensOfOne(string name)
    {
        await AssertGroupAsync(name, size: 4);
    }

    [Theory]
    [InlineData("phi3-f32", "cannot be split over several processes")]
    [InlineData("nemotron_h-f32", "cannot be split over several processes")]
    public async Task WhatCannotBeSplit_IsSaid(string name, string sentence)
    {
        string[][] group = await RunGroupAsync(Repository.Shared($"corpora/tiny-models/{name}"), 4);
        Assert.Contains(sentence, group[0][^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task AMemberThatDies_EndsTheOther(int victim)
    {
        string model = Repository.Shared("corpora/tiny-models/llama-f32");
        using var hosts = new HostFile(size: 2);
        using Process first = Start(Program(), [model, "100000", .. Prompt], hosts, 0);
        using Process second = Start(Program(), [model, "100000", .. Prompt], hosts, 1);
        // The first prints as it decodes, so both are in the middle of it.
        await ReadSomeAsync(first);
        (Process dead, Process alive) = victim == 0 ? (first, second) : (second, first);
        dead.Kill();
        string rest = await alive.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        await alive.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, alive.ExitCode);
        if (victim == 1)
            Assert.Contains("error", rest, StringComparison.Ordinal);
    }

    private static async Task AssertGroupAsync(string name, int size)
    {
        string model = Repository.Shared($"corpora/tiny-models/{name}");
        string[] alone = await RunAsync(Program(), ["--alone", model, "24", .. Prompt]);
        string[][] group = await RunGroupAsync(model, 24, size);
        Assert.Equal(alone[..2], group[0][..2]);
        for (int rank = 1; rank < size; rank++)
            Assert.Equal($"done {rank} of {size}", group[rank][^1]);
    }

    private static string Program()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "fastmlx_group_run");
        Assert.SkipUnless(File.Exists(program), "this build has no MLX (-p:FastMlxWithMlx=true)");
        return program;
    }

    private static async Task<string[][]> RunGroupAsync(string model, int count, int size = 2)
    {
        using var hosts = new HostFile(size);
        string program = Program();
        string[] arguments = [model, $"{count}", .. Prompt];
        return await Task.WhenAll(
            Enumerable.Range(0, size).Select(rank => RunAsync(program, arguments, hosts, rank)));
    }

    private static async Task<string[]> RunAsync(
        string program, string[] arguments, HostFile? hosts = null, int rank = 0)
    {
        using Process process = Start(program, arguments, hosts, rank);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Process Start(string program, string[] arguments, HostFile? hosts, int rank)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (hosts is not null)
        {
            start.Environment["MLX_RANK"] = $"{rank}";
            start.Environment["MLX_HOSTFILE"] = hosts.Path;
        }

        Process process = Process.Start(start)!;
        process.BeginErrorReadLine(); // MLX's ring writes there; nobody reads it
        return process;
    }

    private static async Task ReadSomeAsync(Process process)
    {
        char[] buffer = new char[64];
        int read = await process.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotEqual(0, read);
    }

    /// <summary>The ring's addresses, on ports that were free a moment ago.</summary>
    private sealed class HostFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public HostFile(int size)
        {
            Socket[] free = [.. Enumerable.Range(0, size).Select(_ => Free())];
            IEnumerable<string> addresses = free.Select(socket => $"[\"{socket.LocalEndPoint}\"]");
            File.WriteAllText(Path, $"[{string.Join(", ", addresses)}]");
            Array.ForEach(free, socket => socket.Dispose());
        }

        public void Dispose() => File.Delete(Path);

        private static Socket Free()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }
    }
}
