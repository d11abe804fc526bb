namespace FastMlx.Composition;

/// <summary>A model's files are sound but cannot be served; the message says why and what to choose instead.</summary>
internal sealed class LoadException(string message) : Exception(message);
