namespace FastMlx.Tests.Chat.Templates;

/// <summary>The clock of the goldens.</summary>
internal sealed class FixedClock : TimeProvider
{
    public static readonly FixedClock Instance = new();

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(2026, 8, 23, 14, 5, 9, TimeSpan.Zero);
}
