namespace FastMlx.Chat.Output;

/// <summary>How the reading of a call, or of its arguments, ended.</summary>
internal enum CallRead
{
    Done,

    /// <summary>Nothing of it was a call: no name was found.</summary>
    NoCall,

    /// <summary>It is a call, and its text broke; the reader stands at the break.</summary>
    Broken,

    /// <summary>The text ended inside.</summary>
    Cut,
}
