using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Cli;

/// <summary>
/// Loads a tokenizer and answers stdin line by line. 1 and a message on stderr when something is wrong.
/// </summary>
internal static class LineByLine
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public static int Run(string folder, Func<HfTokenizer, Func<string, string>> start)
    {
        try
        {
            Func<string, string> answer = start(TokenizerFolder.Load(folder).Tokenizer);
            using var input = new StreamReader(Console.OpenStandardInput(), Utf8);
            using var output = new StreamWriter(Console.OpenStandardOutput(), Utf8, 1 << 16);
            while (input.ReadLine() is { } line)
            {
                output.Write(answer(line));
                output.Write('\n');
            }
            return 0;
        }
        catch (Exception e) when (e is TokenizerException or IOException or JsonException or FormatException
            or InvalidOperationException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("fastmlx debug: " + e.Message);
            return 1;
        }
    }
}
