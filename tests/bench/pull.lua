-- For wrk: asks for what its arguments name, again and again, on all connections by turns. Sums up in one line of JSON.
-- Arguments: `Name: value` for headers, then paths.

local requests = {}
local last = 0

function init(args)
  for _, argument in ipairs(args) do
    local name, value = argument:match("^([%w-]+): (.+)$")
    if name then
      wrk.headers[name] = value
    else
      requests[#requests + 1] = wrk.format("GET", argument)
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"requests":%d,"bytes":%d,"seconds":%f,"failed":%d}\n'
  io.write(line:format(summary.requests, summary.bytes, summary.duration / 1e6, failed))
end
