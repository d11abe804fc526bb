namespace FastMlx.Cli;

/// <summary>
/// `serve` as another process's child: it tells its address on standard output and stops when standard input ends.
/// </summary>
internal static class Attachment
{
    /// <summary>Not in the help: no person needs it.</summary>
    public const string Flag = "--attached";

    /// <summary>Completes when the parent has closed our standard input, or is gone.</summary>
    public static async Task WaitForParentAsync()
    {
        await using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0)
        {
        }
    }
}
