namespace FastMlx.Hub;

/// <summary>
/// What a check found about one file. <see cref="HasChecksum"/> is false where nothing says what the file should be
/// (a folder that no hub tool made): then only its form was checked. <see cref="Problem"/> is null where all is well.
/// </summary>
public sealed record FileCheck(string Name, long Bytes, bool HasChecksum, string? Problem);
