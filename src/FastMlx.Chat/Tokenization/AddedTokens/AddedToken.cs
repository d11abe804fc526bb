namespace FastMlx.Chat.Tokenization;

/// <summary>A token that is matched in the text before the model sees it, with the flags of tokenizer.json.</summary>
public sealed record AddedToken(int Id, string Content)
{
    /// <summary>Only between non-word characters.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Swallows the white space in front of it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Swallows the white space behind it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Matched after normalisation, by its normal form.</summary>
    public bool Normalized { get; init; }

    /// <summary>Left out of a decode that skips special tokens.</summary>
    public bool Special { get; init; }

    /// <summary>
    /// True: text of users never becomes this token. That is every special token and every token that looks like markup
    /// of a chat format (`&lt;tool_call&gt;`, `[INST]`, `&lt;|fim_prefix|&gt;`), whatever its flag says. Not control:
    /// runs of white space, words, and HTML elements (Gemma has `&lt;table&gt;`), which ordinary text is made of.
    /// </summary>
    public bool Control => Special || ControlMarkup.Matches(Content);
}
