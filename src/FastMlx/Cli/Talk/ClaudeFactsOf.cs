using FastMlx.Claude;

namespace FastMlx.Cli.Talk;

/// <summary>From a server's facts to what Claude Code must know.</summary>
internal static class ClaudeFactsOf
{
    public static ClaudeFacts Server(string baseUrl, ServerFacts facts, string? apiKey)
    {
        string name = NameFor(facts.Model);
        int output = Math.Min(ClaudeFacts.OutputFor(facts.ContextLength), facts.MaxOutput);
        return new ClaudeFacts(baseUrl, name, name, facts.ContextLength, output, apiKey ?? "local");
    }

    /// <summary>The CLI believes its own window for names that begin as Anthropic's do.</summary>
    private static string NameFor(string model) =>
        model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? "local-" + model : model;
}
