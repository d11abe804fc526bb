using FastMlx.Chat;
using FastMlx.Chat.Templates;

namespace FastMlx.Tests.Chat.Prompts;

/// <summary>
/// A small tokenizer for tests: control tokens where the template wrote them, else words with their space in front, runs
/// of line breaks and single characters. Like a real one it joins across the border of template and user text.
/// </summary>
internal sealed class WordEncoder : ITextEncoder
{
    public const int FirstControl = 1;
    public const int FirstText = 1_000_000;

    private static readonly string[] Control =
    [
        "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
        "[INST]", "[/INST]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "<s>", "</s>",
        "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|call|>", "<|return|>", "<|user|>", "<|assistant|>", "<|observation|>",
        "<|system|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "<|turn>", "<turn|>",
        "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<|endoftext|>",
    ];

    public void Encode(ReadOnlySpan<char> text, IReadOnlyList<TextSpan> marked, List<int> ids)
    {
        for (int at = 0; at < text.Length;)
        {
            int control = ControlAt(text[at..]);
            if (control >= 0 && !Touches(marked, at, at + Control[control].Length))
            {
                ids.Add(FirstControl + control);
                at += Control[control].Length;
                continue;
            }

            int end = WordEnd(text, at);
            ids.Add(FirstText + Math.Abs(string.GetHashCode(text[at..end], StringComparison.Ordinal) % 1_000_000_000));
            at = end;
        }
    }

    public static List<int> Spelled(string text) => [.. text.Select(character => 2_000_000_000 + character)];

    private static int WordEnd(ReadOnlySpan<char> text, int at)
    {
        int end = at + 1;
        if (text[at] == '\n')
        {
            while (end < text.Length && text[end] == '\n')
                end++;
            return end;
        }

        if (!char.IsLetter(text[at]) && text[at] != ' ')
            return end;
        while (end < text.Length && char.IsLetter(text[end]))
            end++;
        return end;
    }

    private static int ControlAt(ReadOnlySpan<char> text)
    {
        for (int i = 0; text[0] is '<' or '[' && i < Control.Length; i++)
        {
            if (text.StartsWith(Control[i], StringComparison.Ordinal))
                return i;
        }

        return -1;
    }

    private static bool Touches(IReadOnlyList<TextSpan> marked, int start, int end)
    {
        foreach (TextSpan span in marked)
        {
            if (span.Start < end && span.End > start)
                return true;
        }

        return false;
    }
}
