using System.Text.Json.Nodes;

namespace FastMlx.LoadTests.Replay;

/// <summary>
/// A conversation as Claude Code sends it: the recorded first request of a tool loop, then turns of the same shape,
/// each with the model's own last answer and a tool result, or a message, of a given size.
/// </summary>
internal sealed class Session
{
    private readonly JsonObject _body;
    private readonly List<string> _results = [];
    private int _turn;

    public Session(string fixtures, int maxTokens, int turnSize)
    {
        _body = Fixture(fixtures, "tool-loop-1.json", maxTokens);
        string words = string.Join(' ', _body["tools"]!.AsArray().Select(tool => (string?)tool!["description"]));
        for (int at = 0; at + turnSize <= words.Length; at += turnSize)
            _results.Add(words.Substring(at, turnSize));
    }

    public JsonObject Body => (JsonObject)_body.DeepClone();

    /// <summary>A recorded request's body, streamed and short.</summary>
    public static JsonObject Fixture(string folder, string name, int maxTokens)
    {
        var body = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!["body"]!.DeepClone();
        body["stream"] = true;
        body["max_tokens"] = maxTokens;
        return body;
    }

    /// <summary>The next turn: what the model answered, and what the client says to it.</summary>
    public void Continue(JsonArray answer)
    {
        JsonArray messages = _body["messages"]!.AsArray();
        string result = $"{_turn}: {_results[_turn % _results.Count]}";
        _turn++;
        JsonNode[] calls = [.. answer.Where(block => (string?)block!["type"] == "tool_use")!];
        JsonNode[] said = calls.Length == 0
            ? [new JsonObject { ["type"] = "text", ["text"] = result }]
            : [.. calls.Select(call => new JsonObject
            {
                ["type"] = "tool_result", ["tool_use_id"] = (string?)call["id"], ["content"] = result,
            })];
        messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = answer });
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(said) });
    }
}
