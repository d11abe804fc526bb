namespace FastMlx.Api;

/// <summary>Names that the contract knows, by the kind of object they stand in.</summary>
internal static class KnownFields
{
    public static readonly string[] Body =
    [
        "model", "max_tokens", "messages", "system", "stream", "stop_sequences", "temperature", "top_p", "top_k",
        "metadata", "tools", "tool_choice", "thinking", "output_config", "cache_control", "service_tier", "container",
        "inference_geo", "user_profile_id", "context_management", "output_format", "mcp_servers", "speed",
        "diagnostics", "fallbacks", "fallback_credit_token",
        // Ours, beyond the API: sampling that open models know.
        "min_p", "seed", "chat_template_kwargs",
    ];

    public static readonly string[] Message = ["role", "content", "clear_at", "output_config"];

    public static readonly string[] Tool =
    [
        "name", "description", "input_schema", "type", "cache_control", "strict", "defer_loading",
        "eager_input_streaming", "input_examples", "allowed_callers",
    ];

    public static readonly string[] ToolChoice = ["type", "name", "disable_parallel_tool_use"];

    public static readonly string[] Thinking = ["type", "budget_tokens", "display", "block_binding"];

    public static readonly string[] OutputConfig = ["effort", "format", "task_budget"];

    public static readonly string[] Format = ["type", "schema", "name"];

    public static readonly string[] Metadata = ["user_id"];

    public static readonly string[] Text = ["type", "text", "cache_control", "citations"];

    public static readonly string[] Image = ["type", "source", "cache_control", "transformations"];

    public static readonly string[] Document = ["type", "source", "cache_control", "title", "context", "citations"];

    public static readonly string[] SearchResult = ["type", "source", "title", "content", "citations", "cache_control"];

    public static readonly string[] ThinkingBlock = ["type", "thinking", "signature"];

    public static readonly string[] ToolUse =
        ["type", "id", "name", "input", "caller", "toolset_name", "cache_control"];

    public static readonly string[] ToolResult =
        ["type", "tool_use_id", "is_error", "content", "toolset_name", "cache_control"];
}
