using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastMlx.Chat.Tokenization;
using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.EndToEnd.Allocation;
using FastMlx.Http;
using FastMlx.Hub;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.Benchmarks.Latency;

/// <summary>
/// From the end of a model's step to the bytes of its event in a client: engine, ring, wake-up, decoder, parser,
/// writer, socket. Beside it, by turns in the same run, what the machine itself takes for the last part of that way: a
/// thread that is woken, sends as many bytes, and a reader that is woken by them.
/// </summary>
internal static class TokenLatency
{
    private const int Rounds = 4;
    private const int TokensPerRound = 500;
    private const int WarmUp = 300;
    private const int FrameBytes = 300;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    public static async Task<int> RunAsync()
    {
        List<double> loopback = [];
        var routes = new Dictionary<string, List<double>> { ["/v1/messages"] = [], ["/v1/chat/completions"] = [] };
        for (int round = 0; round < Rounds; round++)
        {
            loopback.AddRange(Loopback());
            foreach ((string route, List<double> times) in routes)
                times.AddRange(await RouteAsync(route));
        }

        Console.WriteLine($"{Rounds * TokensPerRound} tokens each, one at a time, microseconds");
        Write("wake, send, receive", loopback);
        foreach ((string route, List<double> times) in routes)
            Write(route, times);
        return 0;
    }

    private static async Task<List<double>> RouteAsync(string route)
    {
        string home = Directory.CreateTempSubdirectory("fastmlx-latency-").FullName;
        var options = new ServerOptions { Host = "127.0.0.1", Port = 0, HomeDirectory = home, Backend = "cpu" };
        ModelFolder folder = ModelFolder.Open(DemoModelFolder.Extract(home));
        HfTokenizer tokenizer = TokenizerFolder.Load(folder.Directory).Tokenizer;
        List<int> loop = [];
        tokenizer.Encode("word,more;", parseSpecial: false, loop); // No blanks: such tokens are held back.
        var model = new PacedModel(new LoopModel(tokenizer.MaxId + 1, [.. loop]));
        LoadedModel loaded = await ModelLoader.LoadAsync(
            options, "paced", folder, () => model, TimeProvider.System, NullLogger.Instance);
        var server = new Server(
            options, ModelSet.Of(options, loaded, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        await using (HttpServer http = ServerRun.Listen(server))
        {
            List<double> times = Stream(http.LocalEndPoints[0].Port, route, model);
            model.Let(1_000_000);
            await server.DisposeAsync();
            Directory.Delete(home, recursive: true);
            return times;
        }
    }

    private static List<double> Stream(int port, string route, PacedModel model)
    {
        using Socket socket = Connect(port);
        const string Body =
            """{"model":"m","max_tokens":60000,"stream":true,"messages":[{"role":"user","content":"go"}]}""";
        socket.Send(Encoding.ASCII.GetBytes(
            $"POST {route} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {Body.Length}\r\n\r\n{Body}"));
        byte[] buffer = new byte[64 * 1024];
        model.Let(WarmUp);
        while (socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectRead))
            socket.Receive(buffer);
        List<double> times = new(TokensPerRound);
        using var pause = new ManualResetEventSlim();
        while (times.Count < TokensPerRound)
        {
            pause.Wait(Pause);
            model.Let(1);
            // A token that is held back has no event: the next one brings both.
            if (!socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
                continue;
            socket.Receive(buffer);
            times.Add(Stopwatch.GetElapsedTime(model.LastStepEnded).TotalMicroseconds);
        }

        return times;
    }

    private static List<double> Loopback()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using Socket client = Connect(((IPEndPoint)listener.LocalEndPoint!).Port);
        using Socket peer = listener.Accept();
        peer.NoDelay = true;
        using var go = new SemaphoreSlim(0);
        byte[] frame = new byte[FrameBytes];
        var sender = new Thread(() =>
        {
            for (int i = 0; i < TokensPerRound; i++)
            {
                go.Wait();
                peer.Send(frame);
            }
        });
        sender.Start();
        List<double> times = new(TokensPerRound);
        byte[] buffer = new byte[64 * 1024];
        using var pause = new ManualResetEventSlim();
        for (int i = 0; i < TokensPerRound; i++)
        {
            pause.Wait(Pause);
            long begun = Stopwatch.GetTimestamp();
            go.Release();
            client.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
            client.Receive(buffer);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
        }

        sender.Join();
        return times;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static void Write(string name, List<double> times)
    {
        times.Sort();
        string At(double share) =>
            times[(int)(times.Count * share)].ToString("F1", CultureInfo.InvariantCulture).PadLeft(8);
        Console.WriteLine($"{name,-24} p50 {At(0.5)}  p90 {At(0.9)}  p99 {At(0.99)}");
    }
}
