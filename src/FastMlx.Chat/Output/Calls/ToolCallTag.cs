namespace FastMlx.Chat.Output;

/// <summary>
/// The `&lt;tool_call&gt;` families, which borrow from each other: the body's first character decides between JSON,
/// function tags and GLM's pairs.
/// </summary>
internal sealed class ToolCallTag(JsonCalls json, TaggedCalls tagged, GlmCalls glm) : CallSyntax
{
    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        int first = await session.Literals.PeekAsync();
        CallSyntax syntax = first is '{' or '[' ? json : await IsTaggedAsync(session, 0) ? tagged : glm;
        return await syntax.ReadAsync(session, marker);
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker) =>
        await json.LooksLikeCallAsync(session, offset, marker)
            || await tagged.LooksLikeCallAsync(session, offset, marker)
            || await glm.LooksLikeCallAsync(session, offset, marker);

    private async Flow<bool> IsTaggedAsync(OutputSession session, int offset)
    {
        DialectTag tag = await TagReader.NextAsync(session.Reader, tagged.Dialect, offset);
        return tag is DialectTag.FunctionOpen;
    }
}
