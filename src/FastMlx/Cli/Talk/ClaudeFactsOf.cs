using FastMlx.Claude;

namespace FastMlx.Cli.Talk;

/// <summary>From a server's facts to what Claude Code must know.</summary>
internal static class ClaudeFactsOf
{
    /// <param name="baseUrl">Where it is reached.</param>
    /// <param name="facts">What it says of itself.</param>
    /// <param name="main">Which of its models does the work; null: its main one.</param>
    /// <param name="apiKey">What it wants to see, or null.</param>
    public static ClaudeFacts Server(string baseUrl, ServerFacts facts, string? main, string? apiKey)
    {
        string model = main ?? facts.Model;
        // One window holds for all names that the CLI does not know: the smallest of those that carry conversations.
        string[] workers = [model, Family("opus"), Family("sonnet"), Family("fable")];
        int context = workers.Min(name => facts.Models[name].ContextLength);
        int output = Math.Min(ClaudeFacts.OutputFor(context), workers.Min(name => facts.Models[name].MaxOutput));
        return new ClaudeFacts(baseUrl, NameFor(model), NameFor(Family("haiku")), context, output, apiKey ?? "local")
        {
            OpusModel = NameFor(workers[1]),
            SonnetModel = NameFor(workers[2]),
            FableModel = NameFor(workers[3]),
        };

        // A family without an alias means the main model, which another one may stand in for.
        string Family(string name) => facts.Family(name) is var target && target == facts.Model ? model : target;
    }

    /// <summary>The CLI believes its own window for names that begin as Anthropic's do.</summary>
    private static string NameFor(string model) =>
        model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? "local-" + model : model;
}
