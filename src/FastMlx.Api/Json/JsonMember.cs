namespace FastMlx.Api;

/// <summary>A name and its value in an object of a tape.</summary>
internal readonly record struct JsonMember(JsonValue Name, JsonValue Value);
