<#
.SYNOPSIS
Installs BachBridge by its installer without questions, tries it, removes it and looks for what is left.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File installers\windows\test_installer.ps1 dist\bachbridge-0.2.0-windows-x64.exe
#>
param([Parameter(Mandatory)][string]$Installer)
Set-StrictMode -Version Latest
$ErrorActionPreference = "Stop"
$Folder = Join-Path $env:TEMP "BachBridge test"

$Setup = Start-Process $Installer -ArgumentList "/VERYSILENT", "/SUPPRESSMSGBOXES", "/NORESTART", "/CURRENTUSER", "/DIR=`"$Folder`"" -Wait -PassThru
if ($Setup.ExitCode -ne 0) { throw "the installer ended with $($Setup.ExitCode)" }
& python (Join-Path $PSScriptRoot "..\smoke_test.py") (Join-Path $Folder "bachbridge.exe")
if ($LASTEXITCODE -ne 0) { throw "the installed program fails" }

$Removal = Start-Process (Join-Path $Folder "unins000.exe") -ArgumentList "/VERYSILENT", "/SUPPRESSMSGBOXES", "/NORESTART" -Wait -PassThru
if ($Removal.ExitCode -ne 0) { throw "the removal ended with $($Removal.ExitCode)" }
# The uninstaller goes on in a copy of itself for a moment.
foreach ($Try in 1..20) { if (Test-Path $Folder) { Start-Sleep -Milliseconds 500 } }
if (Test-Path $Folder) { throw "the removal left behind: $(Get-ChildItem -Recurse -Name $Folder)" }
if ([Environment]::GetEnvironmentVariable("Path", "User") -like "*BachBridge test*") { throw "the search path still names the program" }
Write-Output "Installed, used and removed without trace."
