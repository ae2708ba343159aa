<#
.SYNOPSIS
Freezes BachBridge on Windows, tries it and makes dist\bachbridge-VERSION-windows-x64.exe.

.DESCRIPTION
Needs Python 3.11 or 3.12 (64 bits) and, for the installer, Inno Setup 6.3 or newer. With a certificate for signing
in the Windows store, its SHA-1 thumbprint signs program and installer: build.ps1 -Thumbprint 0123...

.EXAMPLE
powershell -ExecutionPolicy Bypass -File installers\windows\build.ps1
#>
param(
    [string]$Python = "",
    [string]$Thumbprint = "",
    [string]$TimestampServer = "http://timestamp.digicert.com",
    [switch]$WithoutInstaller
)
Set-StrictMode -Version Latest
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..\..")

function Invoke-Program {
    # PowerShell goes on after a program that fails; this does not.
    param([string]$Path, [string[]]$Arguments)
    & $Path @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Path $Arguments ended with $LASTEXITCODE" }
}

function Invoke-Sign {
    param([string[]]$Files)
    if ($Thumbprint) {
        Invoke-Program "signtool" (@("sign", "/sha1", $Thumbprint, "/fd", "sha256", "/tr", $TimestampServer, "/td", "sha256") + $Files)
    }
}

if (-not (Test-Path "build\freeze\Scripts\python.exe")) {
    if ($Python) { Invoke-Program $Python @("-m", "venv", "build\freeze") }
    elseif (Get-Command "py" -ErrorAction SilentlyContinue) { Invoke-Program "py" @("-3.12", "-m", "venv", "build\freeze") }
    else { Invoke-Program "python" @("-m", "venv", "build\freeze") }
}
$FreezePython = "build\freeze\Scripts\python.exe"
Invoke-Program $FreezePython @("-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", "constraints.txt", ".[gui,link,freeze]")
Invoke-Program $FreezePython @("-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", "dist", "--workpath", "build\pyinstaller", "installers\bachbridge.spec")
Invoke-Sign @("dist\bachbridge\bachbridge.exe", "dist\bachbridge\bachbridge-window.exe")
Invoke-Program $FreezePython @("installers\smoke_test.py", "dist\bachbridge\bachbridge.exe")
if ($WithoutInstaller) { return }

$Version = (& "dist\bachbridge\bachbridge.exe" --version).Split(" ")[1]
$Compiler = Get-Command "iscc" -ErrorAction SilentlyContinue
$CompilerPath = if ($Compiler) { $Compiler.Source } else { "${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe" }
if (-not (Test-Path $CompilerPath)) { throw "Inno Setup is missing: install it with winget install JRSoftware.InnoSetup, then run this again." }
Invoke-Program $CompilerPath @("/Qp", "/DVersion=$Version", "installers\windows\bachbridge.iss")
Invoke-Sign @("dist\bachbridge-$Version-windows-x64.exe")
Write-Output "dist\bachbridge-$Version-windows-x64.exe"
