// Builds Gitea, the forge that slow tests run against, from Go's module proxy: Debian has no package of it.
// Plain JavaScript without imports from npm, like bootstrap.mjs that calls it.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const modulePath = 'code.gitea.io/gitea'
/** The newest of which all dependencies are served as modules: later ones moved to another domain. */
export const version = 'v1.26.0'
/** What Go's checksum database has for it; its own go.sum holds those of everything it is made of. */
const sum = 'h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA='
/** As its go.mod has it. */
const leastGo = [1, 26, 2]
/** What it reads when it runs, beside the program: templates of mails and pages, names of licences, texts. */
const runtimeFolders = ['options', 'templates', 'public']
/** No workspace and no flags of the user's own; nothing but the pinned versions. */
const goEnv = { GO111MODULE: 'on', GOWORK: 'off', GOFLAGS: '-mod=readonly', CGO_ENABLED: '1' }

/** The folder of program and runtime files; the tests look here too. */
export function giteaFolder(cache) {
  return join(cache, 'gitea', version)
}

/**
 * Builds it where it is not there yet. What is missing for that is told and ends nothing: the tests that need it say that they are
 * skipped.
 * @param tools cache: gitvirt's cache folder; step and onPath as in bootstrap.mjs
 */
export async function installGitea({ cache, step, onPath }) {
  const folder = giteaFolder(cache)
  if (existsSync(join(folder, 'gitea'))) return
  const missing = whatIsMissing(onPath)
  if (missing !== undefined) {
    console.error(`Gitea ${version} cannot be built, so nothing is tested against a real forge: ${missing}`)
    return
  }
  const { ok, output } = await build(folder, step).catch((error) => ({ ok: false, output: String(error) }))
  if (!ok) console.error(`Gitea ${version} could not be built, so nothing is tested against a real forge:\n${output.slice(-2000)}`)
}

function whatIsMissing(onPath) {
  const again = 'Then run: node scripts/bootstrap.mjs forge'
  const wanted = leastGo.join('.')
  if (!onPath('go')) return `there is no go on PATH. Put Go ${wanted} or later there (https://go.dev/dl). ${again}`
  if (!onPath('gcc')) return `there is no C compiler on PATH. Install gcc and libc6-dev. ${again}`
  const found = goVersion()
  if (isEnough(found)) return undefined
  return `go on PATH is ${found.join('.')}. Put Go ${wanted} or later before it (https://go.dev/dl). ${again}`
}

function goVersion() {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8', cwd: '/', env: { ...process.env, ...goEnv } })
  return (/\bgo(\d+)\.(\d+)(?:\.(\d+))?/.exec(stdout ?? '') ?? []).slice(1).map((part) => Number(part ?? 0))
}

/** From 1.21 on go fetches the toolchain that a module wants, unless it is told to be local. */
function isEnough(found) {
  const [major = 0, minor = 0, patch = 0] = found
  const [leastMajor, leastMinor, leastPatch] = leastGo
  if (major !== leastMajor) return major > leastMajor
  if (minor !== leastMinor) return minor > leastMinor || (minor >= 21 && fetchesToolchains())
  return patch >= leastPatch || fetchesToolchains()
}

function fetchesToolchains() {
  const { stdout } = spawnSync('go', ['env', 'GOTOOLCHAIN'], { encoding: 'utf8', cwd: '/' })
  return /auto|path/.test(stdout ?? '')
}

async function build(folder, step) {
  const options = { env: goEnv, optional: true }
  const wanted = `${modulePath}@${version}`
  const fetched = await step(`Downloading Gitea ${version}`, ['go', 'mod', 'download', wanted], { ...options, cwd: '/' })
  if (!fetched.ok) return fetched
  const source = whereItLies(wanted)
  if (source.Sum !== sum) return { ok: false, output: `${wanted} has the checksum ${source.Sum}, not ${sum}.` }
  mkdirSync(folder, { recursive: true })
  const program = join(folder, 'gitea.new')
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    '-tags',
    'sqlite sqlite_unlock_notify',
    '-ldflags',
    `-s -w -X main.Version=${version.slice(1)}`,
  ]
  const built = await step(`Building Gitea ${version} (once, some minutes)`, ['go', 'build', ...flags, '-o', program, '.'], {
    ...options,
    cwd: source.Dir,
  })
  if (!built.ok) return built
  for (const name of runtimeFolders) copyFresh(join(source.Dir, name), join(folder, name))
  // Last, so that a program that is there stands for all of it.
  renameSync(program, join(folder, 'gitea'))
  return built
}

/** Folder and checksum of a module that was fetched. */
function whereItLies(wanted) {
  const { stdout } = spawnSync('go', ['mod', 'download', '-json', wanted], {
    encoding: 'utf8',
    cwd: '/',
    env: { ...process.env, ...goEnv },
  })
  return JSON.parse(stdout)
}

/** Go keeps modules read-only, and a copy has the same modes: the next build could not replace it. */
export function copyFresh(from, to) {
  if (existsSync(to)) makeWritable(to)
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  makeWritable(to)
}

function makeWritable(path) {
  const { mode } = statSync(path)
  chmodSync(path, mode | 0o200)
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) makeWritable(join(path, entry.name))
}
