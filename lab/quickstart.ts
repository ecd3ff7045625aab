/** `npm run quickstart`: the README's story on a host of its own; with --exit it is told once, torn down, and judged. */
import { spawn } from 'node:child_process'
import { join, relative } from 'node:path'
import { copyFile, rm } from 'node:fs/promises'
import { describeError, GitvirtError } from '../reconciler/lib/errors.ts'
import { startDemo, type Demo } from './demo.ts'
import { until } from './wait.ts'

const project = join(import.meta.dirname, '..')
const folder = join(project, 'quickstart-demo')
const exitAfter = process.argv.includes('--exit')
const started = performance.now()

function tell(text: string): void {
  console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`)
}

async function push(demo: Demo): Promise<void> {
  await demo.git('add', '--all')
  await demo.git('commit', '--quiet', '--message', 'Add a guest, its disk and a bridge')
  await demo.git('push', '--quiet', '--set-upstream', 'origin', 'main')
  await demo.gitvirt('reconcile')
}

/** What the guest itself says on its serial console, followed until it is ready for a login. */
async function followConsole(demo: Demo): Promise<string> {
  const child = spawn(join(project, 'gitvirt'), ['--kubeconfig', demo.kubeconfig, 'console', 'demo'], { stdio: ['pipe', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    process.stdout.write(exitAfter ? chunk.toString().replaceAll('\r', '') : '')
  })
  try {
    return await until('the guest to say that it is ready', () => (/demo: ready|demo login:/.test(text) ? text : undefined), {
      seconds: 90,
    })
  } finally {
    child.kill()
  }
}

async function story(demo: Demo): Promise<void> {
  await demo.startGitvirt()
  tell('gitvirt is up')
  await push(demo)
  tell('pushed: a VirtualMachine, a DataVolume, a NodeNetworkConfigurationPolicy')
  await until('the VM to run', async () => ((await demo.gitvirt('get', 'vm', 'demo')).stdout.includes('Running') ? true : undefined), {
    seconds: 120,
  })
  tell('the VM is Running; its console:')
  const console_ = await followConsole(demo)
  if (!console_.includes('demo'))
    throw new GitvirtError({
      code: 'StoryFailed',
      message: `The guest does not show the host name from cloud-init: ${console_.slice(-500)}`,
    })
  tell('the guest shows the host name that cloud-init set')
  await checkNetwork(demo)
  console.log(`\n${(await demo.gitvirt('get', 'vm,dv,nncp,nodes', '-A', '-o', 'wide')).stdout}`)
}

async function checkNetwork(demo: Demo): Promise<void> {
  const state = (await demo.gitvirt('get', 'nncp', 'br1')).stdout
  if (!state.includes('Available') && state.includes('Degraded')) {
    tell(`the bridge is Degraded: this machine has no nmstatectl\n${state}`)
    return
  }
  await until(
    'the bridge br1',
    async () => ((await demo.host.run('ip', ['-brief', 'link', 'show', 'br1'])).stdout === '' ? undefined : true),
    { seconds: 60 },
  )
  tell('the bridge br1 exists on the host')
}

/** What the invitation's commands need: a kubeconfig with a short path, and a name for the commits. */
async function prepareClone(demo: Demo): Promise<void> {
  await copyFile(demo.kubeconfig, join(folder, 'kubeconfig'))
  await demo.git('config', 'user.name', 'Demo')
  await demo.git('config', 'user.email', 'demo@example.com')
}

function invite(demo: Demo): void {
  const here = (path: string): string => relative(process.cwd(), path) || '.'
  console.log(`
The demo runs until Ctrl-C. In another terminal:

  export GITVIRT_KUBECONFIG=$PWD/${here(join(folder, 'kubeconfig'))}
  ./gitvirt get vm,dv,nncp,nodes -A         kubectl works too: kubectl --kubeconfig $GITVIRT_KUBECONFIG get vm
  ./gitvirt console demo                    log in as guest, password gitvirt; leave with ^]

Change the machine by a commit:

  cd ${here(demo.clone)}
  sed -i 's/guest: 192Mi/guest: 256Mi/' vms/demo.yaml
  git commit -am 'Give demo more memory' && git push && cd -
  ./gitvirt reconcile                       fetch now; it also polls every 5 s
  ./gitvirt plan                            says: restart; nothing restarts by itself
  ./gitvirt restart demo                    now the guest has the memory
`)
}

async function waitForEnd(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  })
}

async function main(): Promise<number> {
  let demo: Demo | undefined
  try {
    if (!exitAfter) await rm(folder, { recursive: true, force: true })
    demo = await startDemo({ progress: tell, ...(exitAfter ? {} : { folder }) })
    await story(demo)
    if (!exitAfter) {
      await prepareClone(demo)
      invite(demo)
      await waitForEnd()
    }
    return 0
  } catch (error) {
    console.error(`\nThe quickstart failed: ${describeError(error)}`)
    if (demo !== undefined) console.error(`\nLast lines of gitvirt's log:\n${demo.log().slice(-4000)}`)
    return 1
  } finally {
    tell('tearing down')
    await demo?.close()
    tell('everything that was started has ended')
  }
}

process.exitCode = await main()
