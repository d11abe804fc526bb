namespace FastMlx.Chat.Output;

/// <summary>What a marker in the model's text does.</summary>
internal enum MarkerKind
{
    /// <summary>Reasoning begins.</summary>
    OpenThought,

    /// <summary>Reasoning ends.</summary>
    CloseThought,

    /// <summary>A call follows; it is markup in any case.</summary>
    Call,

    /// <summary>A call may begin here, if what follows is one; else it is text.</summary>
    MaybeCall,

    /// <summary>Markup without meaning for the reader: vanishes.</summary>
    Noise,

    /// <summary>A wrapper's tag: vanishes with the white space after it.</summary>
    Wrapper,
}
