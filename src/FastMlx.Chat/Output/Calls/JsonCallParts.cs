using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>What has been read of a call whose parts came in an order that cannot be passed on at once.</summary>
internal sealed class JsonCallParts
{
    public string? Name { get; set; }

    public string? Id { get; set; }

    public JsonValue? Arguments { get; set; }

    public List<KeyValuePair<string, JsonValue>> Others { get; } = [];

    /// <summary>Begins the call with what is known; false where that is no call.</summary>
    public bool TryBegin(CallWriter calls, bool isWhole)
    {
        if (Name is null && isWhole && Others is [{ Value.Kind: JsonKind.Object } only] && Arguments is null)
        {
            // Apertus: {"name": {arguments}}.
            Name = only.Key;
            Arguments = only.Value;
        }
        if (Name is null)
            return false;
        calls.Begin(Name, Id);
        JsonValue? arguments = Arguments;
        if (arguments?.Kind == JsonKind.String)
            arguments = LiteralReader.Parse(Encoding.UTF8.GetBytes(arguments.Text));
        // Arguments without their own object: the members that the tool declares.
        foreach ((string key, JsonValue value) in arguments?.Members ?? Others)
        {
            if (arguments is not null || calls.Tool?.Declares(key) == true)
                calls.Value(key, value);
        }
        return true;
    }
}
