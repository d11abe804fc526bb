using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>A literal text as a pattern. An empty one matches before every character and at the end.</summary>
internal sealed class LiteralPattern(string text) : CutPattern
{
    private readonly byte[] _text = Encoding.UTF8.GetBytes(text);

    public bool IsOneCharacter => _text.Length > 0 && _text.Length == Utf8Text.LengthOf(_text[0]);

    public override void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch)
    {
        if (_text.Length == 0)
        {
            CutCharacters(text, offset, output);
            return;
        }
        int position = 0;
        while (position < text.Length)
        {
            int found = text[position..].IndexOf(_text);
            int gapEnd = found < 0 ? text.Length : position + found;
            if (gapEnd > position)
                output.Add(offset + position, offset + gapEnd);
            if (found < 0)
                return;
            position = gapEnd + _text.Length;
            output.Add(offset + gapEnd, offset + position, isMatch: true);
        }
    }

    // Matches are empty and vanish; what lies between them is the characters.
    private static void CutCharacters(ReadOnlySpan<byte> text, int offset, CutList output)
    {
        int position = 0;
        while (position < text.Length)
        {
            int end = position + Utf8Text.LengthOf(text[position]);
            output.Add(offset + position, offset + end);
            position = end;
        }
    }
}
