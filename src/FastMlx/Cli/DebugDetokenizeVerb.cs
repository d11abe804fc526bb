using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Cli;

/// <summary>
/// `debug detokenize`: JSON arrays of ids, one a line, from stdin → JSON strings, one a line. With --stream each line
/// is
/// an array of strings instead: the text that is certain after each id, and at last what the flush gives.
/// </summary>
internal static class DebugDetokenizeVerb
{
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var folder = new Option<string>("--tokenizer")
        {
            Description = "A folder with the tokenizer's files.",
            Required = true,
        };
        var skip = new Option<bool>("--skip-special") { Description = "Leave special tokens out." };
        var stream = new Option<bool>("--stream")
        {
            Description = "Print an array: the new text after each id, and the text of the flush last.",
        };
        var command = new Command("detokenize", "JSON arrays of token ids, one a line -> JSON strings, one a line.");
        command.Options.Add(folder);
        command.Options.Add(skip);
        command.Options.Add(stream);
        command.SetAction(result => LineByLine.Run(result.GetValue(folder)!, tokenizer =>
        {
            bool inPieces = result.GetValue(stream);
            var decoder = new TokenDecoder(tokenizer, result.GetValue(skip));
            return line => Detokenize(decoder, line, inPieces);
        }));
        return command;
    }

    private static string Detokenize(TokenDecoder decoder, string line, bool inPieces)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw new JsonException("a line must be a JSON array of ids");
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Readable))
        {
            if (inPieces)
                WritePieces(writer, decoder, document.RootElement);
            else
                WriteWhole(writer, decoder, document.RootElement);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WritePieces(Utf8JsonWriter writer, TokenDecoder decoder, JsonElement ids)
    {
        writer.WriteStartArray();
        foreach (JsonElement id in ids.EnumerateArray())
            writer.WriteStringValue(decoder.Push(id.GetInt32()));
        writer.WriteStringValue(decoder.Flush());
        writer.WriteEndArray();
    }

    private static void WriteWhole(Utf8JsonWriter writer, TokenDecoder decoder, JsonElement ids)
    {
        using var text = new MemoryStream();
        foreach (JsonElement id in ids.EnumerateArray())
            text.Write(decoder.Push(id.GetInt32()));
        text.Write(decoder.Flush());
        writer.WriteStringValue(text.GetBuffer().AsSpan(0, (int)text.Length));
    }
}
