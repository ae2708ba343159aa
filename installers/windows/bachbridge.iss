; The installer for Windows, by Inno Setup 6.3 or newer: iscc /DVersion=0.2.0 installers\windows\bachbridge.iss
; build.ps1 freezes the program first and passes the version. It installs for one user, without an administrator, unless
; it is started with /ALLUSERS.

#ifndef Version
  #error Pass the version: iscc /DVersion=X.Y.Z bachbridge.iss
#endif
#define Root "..\.."

[Setup]
AppId={{6F3C1B52-9D0E-4C57-8E0B-6C2A4B6E5D11}
AppName=BachBridge
AppVersion={#Version}
AppPublisher=The BachBridge authors
DefaultDirName={autopf}\BachBridge
DefaultGroupName=BachBridge
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Root}\LICENSE
OutputDir={#Root}\dist
OutputBaseFilename=bachbridge-{#Version}-windows-x64
SetupIconFile={#Root}\build\bachbridge.ico
UninstallDisplayIcon={app}\bachbridge-window.exe
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
ChangesEnvironment=yes
CloseApplications=yes

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked
Name: path; Description: "Make the command bachbridge known in terminals"; GroupDescription: "Command line:"

[InstallDelete]
; Files of the former version that the new one does not have would stay.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Root}\dist\bachbridge\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion
Source: "{#Root}\LICENSE"; DestDir: "{app}"; DestName: "LICENSE.txt"; Flags: ignoreversion
Source: "{#Root}\CHANGELOG.md"; DestDir: "{app}"; DestName: "CHANGELOG.txt"; Flags: ignoreversion

[Icons]
Name: "{autoprograms}\BachBridge"; Filename: "{app}\bachbridge-window.exe"; WorkingDir: "{userdocs}"
Name: "{autodesktop}\BachBridge"; Filename: "{app}\bachbridge-window.exe"; WorkingDir: "{userdocs}"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "{code:EnvironmentKey}"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: IsPathMissing

[Run]
Filename: "{app}\bachbridge-window.exe"; Description: "{cm:LaunchProgram,BachBridge}"; WorkingDir: "{userdocs}"; Flags: nowait postinstall skipifsilent

[Code]
function EnvironmentKey(Param: String): String;
begin
  if IsAdminInstallMode then
    Result := 'System\CurrentControlSet\Control\Session Manager\Environment'
  else
    Result := 'Environment';
end;

function SearchPath(var Path: String): Boolean;
begin
  if IsAdminInstallMode then
    Result := RegQueryStringValue(HKEY_LOCAL_MACHINE, EnvironmentKey(''), 'Path', Path)
  else
    Result := RegQueryStringValue(HKEY_CURRENT_USER, EnvironmentKey(''), 'Path', Path);
end;

function IsPathMissing: Boolean;
var
  Path: String;
begin
  Result := not SearchPath(Path) or (Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(Path) + ';') = 0);
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path, Entry: String;
  Place: Integer;
begin
  if (Step <> usPostUninstall) or not SearchPath(Path) then
    exit;
  Entry := ';' + ExpandConstant('{app}');
  Place := Pos(Lowercase(Entry) + ';', Lowercase(Path) + ';');
  if Place = 0 then
    exit;
  Delete(Path, Place, Length(Entry));
  if IsAdminInstallMode then
    RegWriteExpandStringValue(HKEY_LOCAL_MACHINE, EnvironmentKey(''), 'Path', Path)
  else
    RegWriteExpandStringValue(HKEY_CURRENT_USER, EnvironmentKey(''), 'Path', Path);
end;
