// Runs before the first paint; a file of its own because the policy forbids inline scripts.
;(() => {
  let choice = 'system'
  try {
    choice = localStorage.getItem('parapet.theme') ?? 'system'
  } catch {
    // storage may be off: the system's theme it is
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
