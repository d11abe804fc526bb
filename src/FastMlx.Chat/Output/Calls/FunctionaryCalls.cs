namespace FastMlx.Chat.Output;

/// <summary>`>>>NAME`, a line break, JSON arguments; `>>>all` begins text. Another `>>>` is text.</summary>
internal sealed class FunctionaryCalls : CallSyntax
{
    private static readonly byte[] LineEnd = [(byte)'\n'];

    /// <summary>The prompt ends behind `>>>`: the answer begins with a header.</summary>
    public static async Flow<bool> BeginAsync(OutputSession session) =>
        await IsHeaderAsync(session, 0) && await ReadBodyAsync(session);

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        await session.Literals.PeekAsync();
        session.Reader.Skip(marker.Bytes.Length);
        return await ReadBodyAsync(session);
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker) =>
        await IsHeaderAsync(session, offset + marker.Bytes.Length);

    private static async Flow<bool> ReadBodyAsync(OutputSession session)
    {
        var look = new LookAhead(session.Reader, 0);
        string name = (await look.TextUntilAsync(LineEnd, CallNames.BytesMax))!.Trim();
        session.Reader.Skip(look.Offset + 1);
        if (name == "all")
            return false;
        session.Calls.Begin(name);
        return await JsonCallReader.FinishAsync(session, await JsonCallReader.ReadArgumentsAsync(session));
    }

    /// <summary>A declared tool's name, or "all", fills the line; decided as soon as it cannot.</summary>
    private static async Flow<bool> IsHeaderAsync(OutputSession session, int offset)
    {
        List<byte[]> names =
            [.. session.Tools.Names.Append("all").Select(name => System.Text.Encoding.UTF8.GetBytes(name + "\n"))];
        for (int length = 1; names.Count > 0 && await session.Reader.Need(offset + length); length++)
        {
            byte next = session.Reader[offset + length - 1];
            names.RemoveAll(name => name[length - 1] != next);
            if (names.Exists(name => name.Length == length))
                return true;
        }
        return false;
    }
}
