using System.Globalization;
using System.Text;
using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Tests.Api;

/// <summary>
/// Events of a model as lines: `thinking "…"`, `text "…"`, `tool NAME`, `args "…"`, `end`, `cut`; of the pump: `ping`,
/// `progress [N]`, `fail`; and the ends `finish REASON [STOP]`. Lines with `option` come first.
/// </summary>
internal sealed class EventScript(string script)
{
    private readonly string[] _lines = script.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public IEnumerable<string> Options => _lines.Where(line => line.StartsWith("option ", StringComparison.Ordinal)).Select(line => line[7..]);

    public string Option(string name, string otherwise) =>
        Options.FirstOrDefault(option => option.StartsWith(name + " ", StringComparison.Ordinal))?[(name.Length + 1)..] ?? otherwise;

    public bool Has(string option) => Options.Contains(option);

    /// <summary>Plays the model's lines; the others are the caller's.</summary>
    public void Play(IChatEventSink sink, Action<string, string> other)
    {
        foreach (string line in _lines)
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            string verb = space < 0 ? line : line[..space];
            string rest = space < 0 ? "" : line[(space + 1)..];
            switch (verb)
            {
                case "option": break;
                case "text": sink.Text(Utf8(rest)); break;
                case "thinking": sink.Thinking(Utf8(rest)); break;
                case "tool": sink.ToolCallBegin(rest.Split(' ')[0], rest.Contains(' ', StringComparison.Ordinal) ? rest.Split(' ')[1] : null); break;
                case "args": sink.ToolCallArguments(Utf8(rest)); break;
                case "end": sink.ToolCallEnd(); break;
                default: other(verb, rest); break;
            }
        }
    }

    public static StopReason Reason(string name) => name switch
    {
        "max_tokens" => StopReason.MaxTokens,
        "stop_sequence" => StopReason.StopSequence,
        "tool_use" => StopReason.ToolUse,
        "refusal" => StopReason.Refusal,
        "pause_turn" => StopReason.PauseTurn,
        "context" => StopReason.ContextExceeded,
        _ => StopReason.EndTurn,
    };

    public static int Number(string text) => text.Length == 0 ? 0 : int.Parse(text, CultureInfo.InvariantCulture);

    private static byte[] Utf8(string quoted) => Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>(quoted)!);
}
