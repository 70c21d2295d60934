/** Fields with few values, and how much the value of one says: the higher, the fewer events have it. */
export const FEW_VALUED: ReadonlyMap<string, number> = new Map(
  Object.entries({
    'event.category': 1,
    'event.dataset': 1,
    'event.action': 2,
    'event.outcome': 2,
    'http.request.method': 6,
    'event.reason': 8,
    'http.response.status_code': 9,
    'url.extension': 9,
  }),
)
