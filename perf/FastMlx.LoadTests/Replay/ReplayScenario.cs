using System.Globalization;
using System.Text.Json.Nodes;

namespace FastMlx.LoadTests.Replay;

/// <summary>The session, the subagents, the restart and the cold run, one after the other, with a table each.</summary>
internal sealed class ReplayScenario(ReplayOptions options, HttpClient http, TextWriter output)
{
    private const int Subagents = 8;
    private const int ColdTurn = 20;

    private readonly string _cache = Directory.CreateTempSubdirectory("fastmlx-replay").FullName;
    private readonly List<JsonObject> _bodies = [];
    private readonly List<MessageCall> _calls = [];
    private double _leastReuse = 100;

    public async Task RunAsync()
    {
        try
        {
            await using (ServerProcess server = await StartAsync(_cache))
            {
                await RunSessionAsync(server);
                if (Has("subagents")) await RunSubagentsAsync(server);
                await WaitForDiskAsync(server);
            }
            if (Has("restart")) await RunRestartAsync();
            if (Has("cold")) await RunColdAsync();
        }
        finally
        {
            Directory.Delete(_cache, recursive: true);
        }
    }

    private bool Has(string phase) => options.Phases.Split(',').Contains(phase);

    private Task<ServerProcess> StartAsync(string cache) =>
        ServerProcess.StartAsync(options.Binary, options.Model, cache, http);

    private async Task RunSessionAsync(ServerProcess server)
    {
        Write($"{"turn",4}{"prompt",9}{"reused",9}{"new",7}{"of last turn",14}{"first token ms",16}"
            + $"{"queue",9}{"prefill",10}{"rest ms",9}");
        var session = new Session(options.Fixtures, options.MaxTokens, options.TurnSize);
        for (int turn = 1; turn <= options.Turns; turn++)
        {
            JsonObject body = session.Body;
            MessageCall call = await MessageCall.RunAsync(http, server.Address, body);
            await WriteTurnAsync(server, turn, call);
            _bodies.Add(body);
            _calls.Add(call);
            session.Continue(call.Content);
        }
        Write($"least reuse of a turn before: {_leastReuse:f2} %");
    }

    private async Task WriteTurnAsync(ServerProcess server, int turn, MessageCall call)
    {
        string share = "";
        if (_calls.Count > 0)
        {
            double reuse = 100.0 * call.Reused / (_calls[^1].PromptTokens + _calls[^1].OutputTokens);
            _leastReuse = Math.Min(_leastReuse, reuse);
            share = $"{reuse:f2} %";
        }
        JsonObject stats = (await server.StatsAsync())["recent"]![0]!.AsObject();
        double queue = (double)stats["queue_ms"]!, prefill = (double)stats["prefill_ms"]!;
        Write($"{turn,4}{call.PromptTokens,9}{call.Reused,9}{call.Computed,7}{share,14}{call.FirstTokenMs,16:f1}"
            + $"{queue,9:f1}{prefill,10:f1}{call.FirstTokenMs - queue - prefill,9:f1}");
    }

    private async Task RunSubagentsAsync(ServerProcess server)
    {
        JsonObject[] bodies = [.. Enumerable.Range(0, Subagents).Select(Subagent)];
        MessageCall[] calls = await Task.WhenAll(bodies.Select(body =>
            MessageCall.RunAsync(http, server.Address, body)));
        int computed = calls.Sum(call => call.Computed);
        Write($"{Subagents} subagents at once, prompts of {calls[0].PromptTokens}: computed "
            + $"{computed} tokens, {(double)computed / calls[0].PromptTokens:f2} of one prompt; first tokens after "
            + $"{calls.Min(call => call.FirstTokenMs):f0} to {calls.Max(call => call.FirstTokenMs):f0} ms");
    }

    private JsonObject Subagent(int number)
    {
        JsonObject body = Session.Fixture(options.Fixtures, "subagent.json", options.MaxTokens);
        body["messages"]!.AsArray().Add(new JsonObject
        {
            ["role"] = "user",
            ["content"] = $"You are agent {number}. Look at part {number} and report.",
        });
        return body;
    }

    // What is computed goes to the disk while the engine is idle, in the order of worth.
    private async Task WaitForDiskAsync(ServerProcess server)
    {
        long before = -1, bytes = FolderBytes();
        for (int quiet = 0; quiet < 4; quiet = bytes == before ? quiet + 1 : 0)
        {
            before = bytes;
            await Task.Delay(500);
            bytes = FolderBytes();
        }
        JsonNode engine = (await server.StatsAsync())["engine"]!;
        double state = (double)engine["state_bytes"]!;
        Write($"disk cache: {bytes / 1048576.0:f1} MB; state in memory {state / 1048576:f1} MB");
    }

    private long FolderBytes() => new DirectoryInfo(_cache).EnumerateFiles().Sum(file => file.Length);

    private async Task RunRestartAsync()
    {
        await using ServerProcess server = await StartAsync(_cache);
        MessageCall last = _calls[^1];
        MessageCall again = await MessageCall.RunAsync(http, server.Address, _bodies[^1]);
        Write($"after a restart, turn {_calls.Count}: {again.Reused} of {again.PromptTokens} from the disk "
            + $"({100.0 * again.Reused / again.PromptTokens:f2} %), first token after {again.FirstTokenMs:f1} ms "
            + $"(before the restart {last.FirstTokenMs:f1} ms)");
    }

    private async Task RunColdAsync()
    {
        int turn = Math.Min(ColdTurn, _calls.Count);
        await using ServerProcess server = await StartAsync("off");
        MessageCall cold = await MessageCall.RunAsync(http, server.Address, _bodies[turn - 1]);
        double warm = _calls[turn - 1].FirstTokenMs;
        Write($"turn {turn} cold: {cold.PromptTokens} tokens, first token after {cold.FirstTokenMs:f1} ms "
            + $"({cold.PromptTokens * 1000 / cold.FirstTokenMs:f0} tokens/s); in the session {warm:f1} ms: "
            + $"1/{cold.FirstTokenMs / warm:f0}");
    }

    private void Write(string line) => output.WriteLine(line);
}
