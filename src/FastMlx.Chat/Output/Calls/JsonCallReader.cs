namespace FastMlx.Chat.Output;

/// <summary>Reads one call written as JSON: the whole object with its name, or the arguments alone.</summary>
internal static class JsonCallReader
{
    private enum Role
    {
        Other,
        Name,
        Id,
        Arguments,
    }

    /// <summary>An object with a name and arguments, in any order. The call is begun, not ended.</summary>
    public static async Flow<CallRead> ReadCallAsync(OutputSession session)
    {
        LiteralReader literals = session.Literals;
        int extra = await literals.OpenObjectAsync();
        var call = new JsonCallParts();
        while (await literals.NextKeyAsync() is { } key)
        {
            Role role = RoleOf(key);
            if (role == Role.Arguments && call.Name is not null && !session.Calls.IsOpen)
            {
                session.Calls.Begin(call.Name, call.Id);
                CallRead read = await ReadArgumentsAsync(session);
                if (read != CallRead.Done)
                    return read;
                continue;
            }
            JsonValue? value = await literals.ReadAsync(1, StringPlace.Member);
            if (value is null)
                break;
            Keep(call, role, key, value);
            if (role == Role.Id && session.Calls.IsOpen)
                session.Calls.SetId(call.Id);
        }
        LiteralState state = literals.State;
        if (!session.Calls.IsOpen && !call.TryBegin(session.Calls, isWhole: state == LiteralState.Closed))
            return state == LiteralState.Cut ? CallRead.Cut : CallRead.NoCall;
        if (state == LiteralState.Closed)
            await literals.CloseExtraAsync(extra);
        return ReadOf(state);
    }

    /// <summary>The arguments of the open call: an object, or a string that holds one.</summary>
    public static async Flow<CallRead> ReadArgumentsAsync(OutputSession session)
    {
        LiteralReader literals = session.Literals;
        int next = await literals.PeekAsync();
        if (next == '{')
            return await ReadMembersAsync(session);
        if (next < 0)
            return CallRead.Cut;
        JsonValue? value = await literals.ReadAsync(1, StringPlace.Member);
        if (value is null)
            return ReadOf(literals.State);
        if (value.Kind == JsonKind.String)
            value = LiteralReader.Parse(System.Text.Encoding.UTF8.GetBytes(value.Text)) ?? value;
        foreach ((string key, JsonValue member) in value.Members)
            session.Calls.Value(key, member);
        return CallRead.Done;
    }

    /// <summary>
    /// Ends the open call as its reading ended; after a break the text up to the format's next marker is lost.
    /// </summary>
    public static async Flow<bool> FinishAsync(OutputSession session, CallRead read)
    {
        if (read == CallRead.Cut)
        {
            // The word that the end cut short is no text.
            session.Reader.Skip(session.Reader.Length);
            session.Calls.Cut();
            return true;
        }
        if (read == CallRead.Broken)
            await SkipToStopAsync(session);
        session.Calls.End();
        return true;
    }

    /// <summary>Skips text up to one of the format's markers; false where the text ends first.</summary>
    public static async Flow<bool> SkipToStopAsync(OutputSession session)
    {
        OutputReader reader = session.Reader;
        MarkerSet stops = session.Format.StopSet;
        while (true)
        {
            int at = stops.Candidate(reader.Data);
            reader.Skip(at < 0 ? reader.Length : at);
            if (reader.Length > 0)
            {
                if (stops.Match(reader.Data, MarkerPlace.Anywhere, out int partialBytes) is not null)
                    return true;
                if (partialBytes == 0 || reader.Final)
                    reader.Skip(1);
                else
                    await reader.Need(reader.Length + 1);
            }
            else if (!await reader.Need(1))
            {
                return false;
            }
        }
    }

    private static async Flow<CallRead> ReadMembersAsync(OutputSession session)
    {
        LiteralReader literals = session.Literals;
        CallWriter calls = session.Calls;
        var unused = new Utf8Text();
        int extra = await literals.OpenObjectAsync();
        while (await literals.NextKeyAsync() is { } key)
        {
            if (calls.SchemaOf(key).IsText && await literals.PeekAsync() == '"')
            {
                calls.BeginText(key);
                if (!await literals.Strings.CopyAsync(StringPlace.Member, unused, calls))
                    return CallRead.Cut;
                calls.EndText();
                continue;
            }
            JsonValue? value = await literals.ReadAsync(2, StringPlace.Member);
            if (value is null)
                return ReadOf(literals.State);
            calls.Value(key, value);
        }
        if (literals.State != LiteralState.Closed)
            return ReadOf(literals.State);
        await literals.CloseExtraAsync(extra);
        return CallRead.Done;
    }

    private static CallRead ReadOf(LiteralState state) => state switch
    {
        LiteralState.Closed => CallRead.Done,
        LiteralState.Cut => CallRead.Cut,
        _ => CallRead.Broken,
    };

    private static void Keep(JsonCallParts call, Role role, string key, JsonValue value)
    {
        switch (role)
        {
            case Role.Name when value.Kind == JsonKind.Object:
                // OpenAI's shape: "function": {"name": …, "arguments": …}.
                foreach ((string inner, JsonValue member) in value.Members)
                    Keep(call, inner == "function" ? Role.Other : RoleOf(inner), inner, member);
                break;
            case Role.Name:
                call.Name ??= value.Kind == JsonKind.String ? value.Text : null;
                break;
            case Role.Id:
                call.Id ??= value.Kind is JsonKind.String or JsonKind.Number ? value.Text : null;
                break;
            case Role.Arguments:
                call.Arguments ??= value;
                break;
            default:
                call.Others.Add(new(key, value));
                break;
        }
    }

    private static Role RoleOf(string key) => key switch
    {
        "name" or "tool_name" or "function" or "function_name" or "tool" => Role.Name,
        "id" or "tool_call_id" or "call_id" => Role.Id,
        "arguments" or "parameters" or "args" or "input" or "tool_input" => Role.Arguments,
        _ => Role.Other,
    };
}
