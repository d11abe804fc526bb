namespace FastMlx.Chat.Output;

/// <summary>The tags around reasoning. Plain sentences count at the start of the answer only.</summary>
internal sealed record ThoughtTags(string Open, string Close, MarkerPlace Place = MarkerPlace.Anywhere)
{
    /// <summary>The closing tag ends other sections too: outside reasoning it says nothing of reasoning.</summary>
    public bool IsCloseShared { get; init; }
}
