namespace FastMlx.Engine;

/// <summary>Unwinds an engine thread that came back from a call after the watchdog had given it up.</summary>
internal sealed class AbandonedException() : Exception("The engine thread was abandoned inside a model call.");
