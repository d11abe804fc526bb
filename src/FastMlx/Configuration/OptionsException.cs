namespace FastMlx.Configuration;

/// <summary>A setting has a wrong value. The message names it, shows the value and says what is allowed.</summary>
internal sealed class OptionsException(string message) : Exception(message);
