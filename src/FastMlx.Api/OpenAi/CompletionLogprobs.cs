using System.Buffers;
using System.Text;

namespace FastMlx.Api;

/// <summary>The four parallel lists of the completions API.</summary>
internal sealed class CompletionLogprobs
{
    private readonly List<TokenLogprob?> _tokens = [];
    private readonly List<string> _texts = [];
    private int _offset;

    public bool IsEmpty => _texts.Count == 0;

    public void Add(TokenLogprob token)
    {
        _tokens.Add(token);
        _texts.Add(Encoding.UTF8.GetString(token.Bytes.Span));
    }

    /// <summary>The first token of an echoed prompt: nothing stands before it that it could follow from.</summary>
    public void AddUnknown(string text)
    {
        _tokens.Add(null);
        _texts.Add(text);
    }

    public void WriteAndClear(IBufferWriter<byte> output)
    {
        output.Raw("{\"tokens\":["u8);
        for (int i = 0; i < _texts.Count; i++)
            output.Raw(i == 0 ? ""u8 : ","u8).Text(_texts[i]);
        output.Raw("],\"token_logprobs\":["u8);
        for (int i = 0; i < _tokens.Count; i++)
            WriteNumber(output.Raw(i == 0 ? ""u8 : ","u8), _tokens[i]?.Logprob);
        output.Raw("],\"top_logprobs\":["u8);
        for (int i = 0; i < _tokens.Count; i++)
            WriteTop(output.Raw(i == 0 ? ""u8 : ","u8), _tokens[i]);
        output.Raw("],\"text_offset\":["u8);
        for (int i = 0; i < _texts.Count; i++)
        {
            output.Raw(i == 0 ? ""u8 : ","u8).Number(_offset);
            _offset += _texts[i].Length;
        }
        output.Raw("]}"u8);
        _tokens.Clear();
        _texts.Clear();
    }

    private static void WriteTop(IBufferWriter<byte> output, TokenLogprob? token)
    {
        if (token is null)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{"u8);
        var seen = new HashSet<string>();
        foreach (TokenLogprob other in token.Top)
        {
            string text = Encoding.UTF8.GetString(other.Bytes.Span);
            if (!seen.Add(text))
                continue;
            output.Raw(seen.Count == 1 ? ""u8 : ","u8).Text(text).Raw(":"u8);
            WriteNumber(output, other.Logprob);
        }
        output.Raw("}"u8);
    }

    private static void WriteNumber(IBufferWriter<byte> output, float? logprob)
    {
        if (logprob is not { } value)
            output.Raw("null"u8);
        else
            output.Number(float.IsFinite(value) ? Math.Min(0, value) : TokenLogprob.Least);
    }
}
