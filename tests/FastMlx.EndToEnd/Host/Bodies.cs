using System.Text.Json.Nodes;
using FastMlx.EndToEnd.Scripted;

namespace FastMlx.EndToEnd.Host;

/// <summary>Request bodies.</summary>
internal static class Bodies
{
    public const string Weather = """
        {"name":"get_weather","description":"Weather of a city","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}
        """;

    public const string Clock = """
        {"name":"get_time","description":"Time of a city","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}
        """;

    /// <summary>A Messages request whose model is to say <paramref name="answer"/>; <paramref name="more"/> holds further fields.</summary>
    public static string Messages(string answer, string more = "{}", bool stream = false) =>
        Of($$"""{"model":"m","max_tokens":256,"stream":{{(stream ? "true" : "false")}}}""", "messages", answer, more);

    /// <summary>The same without max_tokens, for count_tokens.</summary>
    public static string Count(string answer, string more = "{}") => Of("""{"model":"m"}""", "messages", answer, more);

    public static string Chat(string answer, string more = "{}", bool stream = false) =>
        Of($$"""{"model":"m","stream":{{(stream ? "true" : "false")}}}""", "messages", answer, more);

    private static string Of(string head, string field, string answer, string more)
    {
        JsonObject body = JsonNode.Parse(head)!.AsObject();
        body[field] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = SayScript.Say(answer) });
        foreach ((string name, JsonNode? value) in JsonNode.Parse(more)!.AsObject())
            body[name] = value?.DeepClone();
        return body.ToJsonString();
    }
}
