namespace FastMlx.Chat.Output;

/// <summary>`functions.NAME:INDEX`, which is also the call's id, an argument marker, and the arguments.</summary>
internal sealed class KimiCalls : NamedJsonCalls
{
    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        if (await HeaderAsync(session, [(byte)'<', (byte)'{', (byte)'\n']) is not { Length: > 0 } id)
            return false;
        await CallTags.SkipAsync(session, "<|tool_call_argument_begin|>");
        int colon = id.LastIndexOf(':');
        string name = colon > 0 ? id[..colon] : id;
        return await ArgumentsAsync(session, name, id);
    }
}
