namespace FastMlx.Chat.Output;

/// <summary>Passes everything on as it comes, white space and markup included.</summary>
internal static class RawMachine
{
    public static async Flow<bool> RunAsync(OutputSession session)
    {
        OutputReader reader = session.Reader;
        while (await reader.Need(1))
        {
            session.Sink.Text(reader.Data);
            reader.Skip(reader.Length);
        }

        return true;
    }
}
