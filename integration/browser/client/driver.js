// Drives Chromium by lines (integration/internal/driver). A request opens a page
// and has it run a function, whose result is the answer:
//
//   { n, url, fn, args }   ->   { n, result } or { n, error }
'use strict'

const { chromium } = require('playwright-core')
const readline = require('node:readline')

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // Hosts that are foreign to the broker and yet on this machine.
  '--host-resolver-rules=MAP *.test 127.0.0.1']

const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')

async function main () {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  const context = await browser.newContext({ ignoreHTTPSErrors: true }) // a local CA, of the broker's own
  const run = async (r) => {
    const page = await context.newPage()
    try {
      page.on('pageerror', (e) => console.error(r.url, e))
      page.on('console', (m) => console.error(r.url, m.text()))
      await page.goto(r.url)
      return await page.evaluate(([fn, args]) => window[fn](args), [r.fn, r.args])
    } finally {
      await page.close()
    }
  }
  readline.createInterface({ input: process.stdin }).on('line', async (text) => {
    const r = JSON.parse(text)
    try {
      write({ n: r.n, result: await run(r) })
    } catch (e) {
      write({ n: r.n, error: String(e?.message ?? e) })
    }
  }).on('close', async () => {
    await browser.close()
    process.exit(0)
  })
}

main().catch((e) => {
  console.error(e)
  process.exit(1)
})
