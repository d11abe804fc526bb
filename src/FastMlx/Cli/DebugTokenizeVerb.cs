using System.CommandLine;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Cli;

/// <summary>`debug tokenize`: JSON strings, one a line, from stdin → JSON arrays of ids, one a line.</summary>
internal static class DebugTokenizeVerb
{
    public static Command Create()
    {
        var folder = new Option<string>("--tokenizer")
        {
            Description = "A folder with the tokenizer's files.",
            Required = true,
        };
        var special = new Option<bool>("--special") { Description = "Add the special tokens of the post-processor." };
        var noParse = new Option<bool>("--no-parse-special")
        {
            Description = "Take the text for user data: no control token is formed from it.",
        };
        var command = new Command("tokenize", "JSON strings, one a line -> JSON arrays of token ids, one a line.");
        command.Options.Add(folder);
        command.Options.Add(special);
        command.Options.Add(noParse);
        command.SetAction(result => LineByLine.Run(result.GetValue(folder)!, tokenizer =>
        {
            bool addSpecial = result.GetValue(special), parseSpecial = !result.GetValue(noParse);
            return line => Tokenize(tokenizer, line, addSpecial, parseSpecial);
        }));
        return command;
    }

    private static string Tokenize(HfTokenizer tokenizer, string line, bool addSpecial, bool parseSpecial)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        if (document.RootElement.ValueKind != JsonValueKind.String)
            throw new JsonException("a line must be a JSON string");
        List<int> ids = tokenizer.EncodeAsReference(document.RootElement.GetString(), addSpecial, parseSpecial);
        var text = new StringBuilder("[").AppendJoin(',', ids).Append(']');
        return text.ToString();
    }
}
