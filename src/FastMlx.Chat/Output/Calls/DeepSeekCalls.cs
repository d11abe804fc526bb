namespace FastMlx.Chat.Output;

/// <summary>
/// R1 and V3: `function`, a separator, the name, then JSON in a fence. V3.1: the name, the separator, then JSON.
/// </summary>
internal sealed class DeepSeekCalls : NamedJsonCalls
{
    private static readonly byte[] Ends = [(byte)'<', (byte)'{', (byte)'\n', (byte)'`'];

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        if (await HeaderAsync(session, Ends) is not { } name)
            return false;
        if (await CallTags.SkipAsync(session, "<｜tool▁sep｜>"))
        {
            if (await HeaderAsync(session, Ends) is not { } behind)
                return false;
            name = behind.Length > 0 ? behind : name;
        }
        return name.Length > 0 && await ArgumentsAsync(session, name, null);
    }
}
