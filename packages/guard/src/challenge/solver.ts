/**
 * The part of the page that works: plain JavaScript for every browser, also over plain http where WebCrypto is not there. `seed:number` is
 * always one block of SHA-256, so that a hash is one pass. Runs in slices, so that the page stays usable.
 */
export const SOLVER: string = `'use strict';
(function (root) {
  var K = new Int32Array(64), H = new Int32Array(8), prime = 2, found = 0
  for (; found < 64; prime++) {
    var whole = true
    for (var d = 2; d * d <= prime; d++) if (prime % d === 0) { whole = false; break }
    if (!whole) continue
    if (found < 8) H[found] = (Math.pow(prime, 1 / 2) * 4294967296) | 0
    K[found++] = (Math.pow(prime, 1 / 3) * 4294967296) | 0
  }
  var W = new Int32Array(64)
  // leading zero bits of the SHA-256 of an ASCII text of at most 55 characters
  function zeroBits(text) {
    var i
    for (i = 0; i < 16; i++) W[i] = 0
    for (i = 0; i < text.length; i++) W[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8)
    W[text.length >> 2] |= 0x80 << (24 - (text.length & 3) * 8)
    W[15] = text.length * 8
    for (i = 16; i < 64; i++) {
      var x = W[i - 15], y = W[i - 2]
      W[i] = (W[i - 16] + W[i - 7] +
        (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
        (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0
    }
    var a = H[0], b = H[1], c = H[2], e1 = H[3], e = H[4], f = H[5], g = H[6], h = H[7]
    for (i = 0; i < 64; i++) {
      var t = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0
      var s = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g; g = f; f = e; e = (e1 + t) | 0; e1 = c; c = b; b = a; a = (t + s) | 0
    }
    var first = (H[0] + a) | 0
    return first === 0 ? 32 + Math.clz32((H[1] + b) | 0) : Math.clz32(first)
  }
  function solve(seed, bits, told, done) {
    var n = 0
    ;(function slice() {
      var until = Date.now() + 40
      while (Date.now() < until) {
        for (var i = 0; i < 500; i++, n++) if (zeroBits(seed + ':' + n) >= bits) return done(n)
      }
      told(1 - Math.exp(-n / Math.pow(2, bits)))
      setTimeout(slice, 0)
    })()
  }
  root.parapetSolve = solve
})(globalThis)
`

/** What the page does with it: solves, hands the answer in by a header on the same address, and goes there again. */
export const PAGE_SCRIPT: string = `'use strict';
(function () {
  var box = document.getElementById('work'), state = document.getElementById('state')
  var bar = document.getElementById('bar'), again = document.getElementById('again')
  var here = location.origin + location.pathname + location.search
  var key = 'parapet-solved'
  function say(text) { state.textContent = text }
  function stop(text) { say(text); bar.hidden = true; again.hidden = false; again.focus() }
  function solved() { try { return Number(sessionStorage.getItem(key)) || 0 } catch (error) { return 0 } }
  function begin() {
    again.hidden = true; bar.hidden = false; bar.value = 0
    say('Working. This takes a few seconds.')
    parapetSolve(box.dataset.seed, Number(box.dataset.bits), function (share) { bar.value = share }, function (n) {
      bar.value = 1
      fetch(here, { headers: { 'Parapet-Answer': box.dataset.token + ':' + n }, credentials: 'same-origin', cache: 'no-store', redirect: 'manual' })
        .then(function (answer) {
          if (answer.status !== 204) return stop('That did not work: it may have taken too long. Try again.')
          try { sessionStorage.setItem(key, String(Date.now())) } catch (error) { }
          say('Done. The page is loading.')
          location.replace(here)
        })
        .catch(function () { stop('The site could not be reached. Check the connection and try again.') })
    })
  }
  again.addEventListener('click', function () {
    try { sessionStorage.removeItem(key) } catch (error) { }
    location.replace(here)
  })
  box.hidden = false
  if (!navigator.cookieEnabled) return stop('Cookies are off. Allow cookies for this site and try again.')
  if (Date.now() - solved() < 20000) return stop('The answer was right, but this browser did not keep it. Allow cookies for this site and try again.')
  begin()
})()
`
